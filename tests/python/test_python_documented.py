"""Every public name of `perceptuna` says what it is, with an example that runs."""

from __future__ import annotations

import doctest
import inspect
import types
from collections.abc import Iterator

import pytest
from flowers import Place

import perceptuna as pt
from search.settings.settings import StudySettings

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def documented() -> Iterator[tuple[str, object]]:
    """Functions and classes, and what classes have of their own, by name."""
    for name in pt.__all__:
        found = getattr(pt, name)
        if isinstance(found, type) and issubclass(found, Exception):
            continue
        yield name, found
        if isinstance(found, type) and found.__module__.startswith("perceptuna"):
            for member, of in vars(found).items():
                if not member.startswith("_") and isinstance(of, types.FunctionType | property | classmethod):
                    yield f"{name}.{member}", of


NAMES = dict(documented())


@pytest.mark.parametrize("name", NAMES)
def test_its_example_runs(name: str, here: Place) -> None:
    text = inspect.getdoc(NAMES[name]) or ""
    given = {
        "pt": pt,
        "frame": here.frame,
        "study": here.study,
        "conclusion": here.conclusion,
        "running": here.running,
        "model": here.conclusion.model,
    }
    example = doctest.DocTestParser().get_doctest(text, given, name, None, 0)
    assert example.examples, "has no example"
    told: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(example, out=told.append)
    assert not told, "".join(told)


@pytest.mark.parametrize("error", [name for name in pt.__all__ if name not in NAMES])
def test_each_error_is_of_one_tree(error: str) -> None:
    assert issubclass(getattr(pt, error), pt.PerceptunaError)
    assert getattr(pt, error).__doc__


def test_all_settings_of_run_are_named_for_type_checkers() -> None:
    assert set(pt.Settings.__annotations__) == set(StudySettings.model_fields) - {"data"}
