"""What was wrong with an option or a setting, in the words that every message here uses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from spaces.errors import did_you_mean

if TYPE_CHECKING:
    import typer

# What pydantic finds, as the words after "expected"; braces name entries of the problem's context.
_EXPECTED = {
    "int_parsing": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text in quotes",
    "string_too_short": "text that is not empty",
    "literal_error": "{expected}",
    "greater_than": "more than {gt:,}",
    "greater_than_equal": "at least {ge:,}",
    "less_than": "less than {lt:,}",
    "less_than_equal": "at most {le:,}",
}


def expectation(problem: Mapping[str, Any]) -> str:
    """One of pydantic's errors as `expected at least 1, but got 0`, with a guess at a misspelt choice."""
    kind, context, came = problem["type"], problem.get("ctx", {}), problem["input"]
    shown = repr(came) if len(repr(came)) <= 60 else f"{repr(came)[:60]}…"
    if kind == "value_error":  # our own validators speak for themselves
        return str(problem["msg"]).removeprefix("Value error, ")
    words = _EXPECTED.get(kind)
    if words is None:
        message = str(problem["msg"])
        return f"{message[0].lower()}{message[1:]}, but got {shown}"
    hint = ""
    if kind == "literal_error":
        choices = str(context["expected"]).replace("'", "").replace(" or ", ", ").split(", ")
        hint = did_you_mean(str(came), choices)
    return f"expected {words.format(**context)}, but got {shown}{hint}"


def usage_message(error: typer.TyperException) -> str:
    """What Typer refused of the command line, and where to read on; empty where it has printed the help itself."""
    from pydantic import ValidationError

    message = error.format_message().strip()
    if not message:
        return ""
    option = getattr(error, "option_name", None)
    if isinstance(error.__cause__, ValidationError):
        name = max(getattr(error, "param").opts, key=len)  # noqa: B009
        message = f"{name}: {expectation(error.__cause__.errors()[0])}"
    elif option is not None and message.startswith("No such option"):
        message = (
            f"no such option: {option}{did_you_mean(option, getattr(error, 'possibilities', None) or ())}"
        )
    else:
        # Typer's own guess comes as a sentence of its own.
        message = re.sub(r"\. Did you mean (.+)\?$", r" (did you mean \1?)", message)
        message = message[0].lower() + message[1:].removesuffix(".")
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "perceptuna"
    return f"{message}; see `{command} --help`"
