"""What is the user's own code, imported by the name of its module, `module:name`: here, and alike by workers.

Nothing of it is kept or sent but its name.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import re
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any

from search.errors import InputError

_NAME = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*)")


def module_and_name(said: str, option: str, like: str = "networks:build") -> tuple[str, str]:
    """The two parts of `module:name`, which `option` was given; `like` is one as an example.

    Raises:
        InputError: it is of another form.
    """
    found = _NAME.fullmatch(said)
    if found is None:
        file, _, name = like.partition(":")
        raise InputError(
            f"{option}: expected the module and the name of a function, such as {like} for `{name}` in {file}.py, but "
            f"got '{said}'"
        )
    return found[1], found[2]


def check_module_there(said: str, option: str) -> None:
    """Whether there is such a module; without importing it, which may load TensorFlow.

    Raises:
        InputError: there is none.
    """
    module, _ = module_and_name(said, option)
    if _file_of(module) is None:
        raise _no_module(said, module, option)


def source_digest(said: str) -> str:
    """Of the file that has the function `module:name`, 8 hexadecimal digits; `unknown` where there is none."""
    file = _file_of(said.partition(":")[0])
    with suppress(OSError, TypeError):
        return hashlib.sha256(Path(str(file)).read_bytes()).hexdigest()[:8]
    return "unknown"


def _file_of(module: str) -> str | None:
    """As an import would find it; the module itself is not imported."""
    path: Sequence[str] | None = [*sys.path, os.getcwd()]
    place, found = "", None
    for part in module.split("."):
        place = f"{place}.{part}" if place else part
        found = PathFinder.find_spec(place, path)
        if found is None:
            return None
        path = found.submodule_search_locations
    return found.origin if found is not None else None


def imported(said: str, option: str) -> Callable[..., Any]:
    """The function `module:name`, as `imported_object`.

    Raises:
        InputError: it cannot be imported, or there is no such function.
    """
    found = imported_object(said, option)
    if not callable(found):
        module, name = module_and_name(said, option)
        raise InputError(f"{option} {said}: {module} has no function '{name}'")
    function: Callable[..., Any] = found
    return function


def imported_object(said: str, option: str) -> Any:
    """Whatever `module:name` is, None where there is nothing; the current folder is looked in after all others.

    Raises:
        InputError: the module cannot be imported.
    """
    module, name = module_and_name(said, option)
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.append(folder)  # behind all others, so that no file there is taken for a package
    try:
        loaded = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and not module.startswith(error.name):
            raise InputError(
                f"{option} {said}: {module} needs '{error.name}', which is not installed"
            ) from error
        raise _no_module(said, module, option) from error
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise InputError(f"{option} {said}: {module} cannot be imported: {why}") from error
    return getattr(loaded, name, None)


def name_of(code: Callable[..., Any], option: str, like: str = "networks:build") -> str:
    """`module:name` of a function or a class that every process can import; `like` is a name as an example.

    Raises:
        InputError: none can; it is of a notebook or a script, a lambda, or inside of another function.
    """
    module, name = getattr(code, "__module__", ""), getattr(code, "__qualname__", "")
    file, _, usual = like.partition(":")
    what = "class" if isinstance(code, type) else "function"
    at_top = name.isidentifier() and getattr(sys.modules.get(module or ""), name, None) is code
    put = f"put it into a file of its own, {file}.py, and give {option}='{file}:{name if at_top else usual}'"
    if module in ("__main__", "") or module is None:
        raise InputError(
            f"{option}: workers cannot import a {what} of a notebook or of the script that runs; {put}"
        )
    if not at_top:
        raise InputError(
            f"{option}: expected a {what} by name at the top of a module, but got {name or code!r}; {put}"
        )
    if _file_of(module) is None:
        raise InputError(
            f"{option}: no other process finds the module '{module}' of {name}, which was loaded here from elsewhere; "
            f"put a function that loads and returns it into a file of its own, {file}.py, and give "
            f"{option}='{file}:{usual}'"
        )
    return f"{module}:{name}"


def _no_module(said: str, module: str, option: str) -> InputError:
    here = Path.cwd()
    return InputError(
        f"{option} {said}: there is no module '{module}', neither installed nor in the current folder, {here}; call "
        "this from the folder that holds it"
    )
