"""Writes docs/commands.md from the program itself: `make commands`. A test fails when the file is out of date."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from search.cli import app

FILE = Path(__file__).with_suffix(".md")

HEAD = """\
# Commands

Written by `make commands` from the program's own help; `perceptuna COMMAND --help` prints the same.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | the study ended with no usable trial; `replay` came to another result |
| 2 | the input is wrong: the message says what was expected, what came and what to do; no study was changed |
| 3 | trouble with the storage, or a cluster or a service that is not there; the study can be resumed |
| 130 | interrupted; the study can be resumed, and the message gives the command |

A bug shows its traceback. `perceptuna --version` prints the version, and `perceptuna --install-completion`
sets up completion for the current shell.

Every setting of a study can stand in a file that `--config` names, with `_` for `-`, and `storage` as well; the
command line wins, as `$PERCEPTUNA_STORAGE` does over `storage` (`--from`, `--allow-different`, `--cluster`,
`--tensorboard` and `--json` are of one command alone):

```toml
data = "digits"
trials = 20
timeout = "15m"
storage = "sqlite:///studies.db"
```
"""


def reference() -> str:
    """The text of docs/commands.md."""
    commands = dict(walk("", typer.main.get_command(app)))
    links = [f"[`{name}`](#perceptuna-{name.replace(' ', '-')})" for name in commands]
    sections = [section(name, command) for name, command in commands.items()]
    return "\n".join([HEAD, ", ".join(links) + "\n", *sections])


def walk(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Every command below `command` that does something, with the words that call it."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for child_name, child in command.commands.items():
        yield from walk(f"{name} {child_name}".strip(), child)


def section(name: str, command: Any) -> str:
    """One command: what it does, an example, its arguments and options with their defaults."""
    text, _, example = command.help.partition("Example: ")
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    usage = " ".join(["perceptuna", name, *(argument.metavar for argument in arguments), "[OPTIONS]"])
    rows = [(f"`{argument.metavar}`", argument.help or "", "") for argument in arguments]
    rows += [(option_name(option), option.help or "", default(option)) for option in options]
    lines = [
        f"## perceptuna {name}",
        "",
        paragraphs(text),
        "",
        "```sh",
        f"{example.strip()}",
        "```",
        "",
        f"`{usage}`",
        "",
        "| option | what it is | default |",
        "|---|---|---|",
        *("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows),
        "",
    ]
    return "\n".join(lines)


def paragraphs(text: str) -> str:
    """A help text without its line breaks."""
    return "\n\n".join(" ".join(part.split()) for part in re.split(r"\n\s*\n", text.strip()))


def option_name(option: Any) -> str:
    names = " / ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    return f"{names} `{option.metavar}`" if option.metavar and not option.is_flag else names


def default(option: Any) -> str:
    """What holds when the option is not given, and the environment variable that is read then."""
    if option.required:
        return "required"
    shown = option.show_default if isinstance(option.show_default, str) else ""
    if not shown and option.default not in (None, False) and not callable(option.default):
        shown = str(option.default)
    variable = f"`${option.envvar}`" if option.envvar else ""
    return ", else ".join(part for part in (variable, shown) if part)


if __name__ == "__main__":
    FILE.write_text(reference(), encoding="utf-8")
