"""The page of all that `import perceptuna` offers, from the docstrings: the site makes it anew (site_pages.py)."""

from __future__ import annotations

import inspect
import re
import types
from collections.abc import Iterable, Iterator

import perceptuna

HEAD = """\
# All names of Python

Made from the docstrings, whose examples a test runs: `frame` is a DataFrame of 100 flowers, `study` one of its studies.
[From Python](python.md) tells how they go together; all settings are those of [`perceptuna run`](commands.md).
"""
GROUPS = {
    "Before a search": ("describe", "Description", "plan", "Plan"),
    "Search": ("search", "Study", "load_study", "studies", "Running", "Settings"),
    "A space": ("Space", "log", "stepped", "when"),
    "Models and conclusions": ("Model", "load_model", "Conclusion", "Ablation", "Replay"),
    "Estimators of scikit-learn": ("MLPSearchClassifier", "MLPSearchRegressor"),
    "A team's service": ("connect", "Service", "ServiceStudy"),
    "The database": ("backup",),
}
_OTHERS = "More"
_ERRORS = "Errors"
_ITEM = re.compile(r"( {4})(\S[^:]*): (.*)")


def reference() -> str:
    """The page, in Markdown."""
    parts = [HEAD]
    for group, names in grouped().items():
        parts.append(f"## {group}\n")
        parts += [part for name in names for part in entry(name)]
    return "\n".join(parts)


def grouped() -> dict[str, list[str]]:
    """All public names: those of no group stand at the end, errors last."""
    known = {name for names in GROUPS.values() for name in names}
    left = [name for name in perceptuna.__all__ if name not in known]
    errors = [name for name in left if issubclass(_class(name), Exception)]
    more = [name for name in left if name not in errors]
    groups = {group: list(names) for group, names in GROUPS.items()}
    return {**groups, **({_OTHERS: more} if more else {}), _ERRORS: errors}


def _class(name: str) -> type:
    found = getattr(perceptuna, name)
    return found if isinstance(found, type) else object


def entry(name: str) -> Iterator[str]:
    """A function, or a class with all that it has."""
    found = getattr(perceptuna, name)
    yield f"### pt.{name}\n"
    if not isinstance(found, type):
        yield f"```python\n{name}{signature(found)}\n```\n"
        yield described(found)
        return
    yield described(found)
    if issubclass(found, Exception):
        return
    for member, of in members(found):
        yield f"#### {name}.{member}\n"
        if isinstance(of, types.FunctionType):
            yield f"```python\n{member}{signature(of)}\n```\n"
        yield described(of.__func__ if isinstance(of, classmethod) else of)


def members(kind: type) -> Iterator[tuple[str, object]]:
    """What it has, and what it has from classes of perceptuna."""
    ours = [one for one in reversed(kind.__mro__) if one.__module__.startswith("perceptuna.")]
    found = {name: of for one in ours for name, of in vars(one).items()}
    for name, of in found.items():
        if not name.startswith("_") and isinstance(of, types.FunctionType | property | classmethod):
            yield name, of


def signature(function: object) -> str:
    """As it is written, without `self`; a parameter on each line where there are many."""
    parts = inspect.signature(function)  # type: ignore[arg-type]
    shown = [str(one).replace("'", "") for one in parts.parameters.values() if one.name != "self"]
    named = [one.name for one in parts.parameters.values() if one.kind is one.KEYWORD_ONLY]
    if named:
        first = [one.name for one in parts.parameters.values() if one.name != "self"].index(named[0])
        shown.insert(first, "*")
    returned = (
        "" if parts.return_annotation is parts.empty else f" -> {parts.return_annotation}".replace("'", "")
    )
    line = f"({', '.join(shown)}){returned}"
    return line if len(line) < 90 else "(\n    " + ",\n    ".join(shown) + f",\n){returned}"


def described(of: object) -> str:
    """Its docstring in Markdown: examples as code, what is listed as a list."""
    return "\n".join(_converted((inspect.getdoc(of) or "").splitlines())) + "\n"


def _converted(lines: Iterable[str]) -> Iterator[str]:
    in_example = False
    for line in lines:
        if line.startswith(">>> ") and not in_example:
            in_example = True
            yield "```pycon"
        elif in_example and not line:
            in_example = False
            yield "```"
        if in_example:
            yield line
        elif re.fullmatch(r"[A-Z]\w+:", line):
            yield f"**{line.rstrip(':')}**\n"
        elif item := _ITEM.fullmatch(line):
            yield f"- `{item[2]}`: {item[3]}"
        elif line.startswith("    "):
            yield f"  {line.strip()}"
        else:
            yield line
    if in_example:
        yield "```"
