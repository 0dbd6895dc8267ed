"""A TOML file with the line each entry stands on, which `tomllib` does not keep."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, Self

Keys = tuple[str | int, ...]

MAX_BYTES = 1_000_000

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' r"|'''.*?'{3,5}" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_PLAIN_VALUE = re.compile(r"[^,\]}#\n]+")
_LINE_IN_MESSAGE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class TomlError(Exception):
    """A file that is no TOML: `path` as given, `line` (from 1; None where no line is to blame), `reason`."""

    def __init__(self, path: str, line: int | None, reason: str) -> None:
        super().__init__(f"{located(path, line)}: {reason}")
        self.path = path
        self.line = line
        self.reason = reason


def located(path: str, line: int | None) -> str:
    """`wide.toml, line 14`."""
    return path if line is None else f"{path}, line {line}"


class TomlDocument:
    """What a TOML file says (`entries`), and where it says it (`line_of`)."""

    def __init__(self, path: str, entries: dict[str, Any], lines: dict[Keys, int]) -> None:
        self.path = path
        self.entries = entries
        self._lines = lines

    @classmethod
    def read(cls, path: str | Path) -> Self:
        """The document in the file at `path`.

        Raises:
            TomlError: the file is missing, a folder, larger than `MAX_BYTES`, not UTF-8, or not TOML.
        """
        try:
            with open(path, "rb") as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError as exc:
            raise TomlError(str(path), None, "there is no such file") from exc
        except IsADirectoryError as exc:
            raise TomlError(str(path), None, "is a folder; name a TOML file in it") from exc
        except (OSError, ValueError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else str(exc)
            raise TomlError(str(path), None, f"cannot be read: {reason}") from exc
        if len(content) > MAX_BYTES:
            raise TomlError(str(path), None, f"is larger than {MAX_BYTES:,} bytes; is it the right file?")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as exc:
            line = content.count(b"\n", 0, exc.start) + 1
            reason = f"expected UTF-8 text, but got byte 0x{content[exc.start]:02x}; save the file as UTF-8"
            raise TomlError(str(path), line, reason) from exc
        return cls.parse(text, str(path))

    @classmethod
    def parse(cls, text: str, path: str) -> Self:
        """The document in `text`; `path` is what errors call it.

        Raises:
            TomlError: `text` is not TOML.
        """
        text = text.replace("\r\n", "\n")
        try:
            entries = tomllib.loads(text)
            lines = _Locator(text).lines()
        except RecursionError as exc:
            raise TomlError(path, None, "lists or tables are nested too deeply") from exc
        except ValueError as exc:
            line, reason = _explained(str(exc), text)
            raise TomlError(path, line, reason) from exc
        return cls(path, entries, lines)

    def line_of(self, keys: Keys) -> int:
        """The line, counted from 1, where the entry at `keys` begins; its nearest parent's if it has none.

        `("momentum", "when")` is a key in a table of any form, `("depth", 1)` a list's second entry.
        """
        while keys and keys not in self._lines:
            keys = keys[:-1]
        return self._lines.get(keys, 1)

    def at(self, keys: Keys) -> str:
        """`wide.toml, line 14` for the entry at `keys`."""
        return located(self.path, self.line_of(keys))


def _explained(message: str, text: str) -> tuple[int | None, str]:
    """Line and reason from one of tomllib's messages, with the line's text and a hint for the usual slips."""
    lines = text.split("\n")
    match = _LINE_IN_MESSAGE.search(message)
    if match is None:
        return None, f"not valid TOML: {message}"
    # At the end of the document, the last line with something on it is what a reader looks for.
    last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=1)
    number = int(match[1]) if match[1] else last
    source = "".join(char if char.isprintable() else "?" for char in lines[number - 1].strip())
    reason = f"not valid TOML: {message[: match.start()]}" + (f", in: {source[:80]}" if source else "")
    if message.startswith("Invalid value"):
        reason += "; text needs quotes, booleans are true and false"
    elif message.startswith(("Cannot overwrite", "Cannot declare", "Cannot mutate", "Duplicate")):
        reason += "; it is set twice, drop one"
    elif message.startswith("Invalid initial character for a key part") and source.endswith(","):
        reason += "; a table in braces stays on one line"
    elif message.startswith("Invalid initial character for a key part") or "after a key" in message:
        reason += "; write name = value"
    elif not match[1] or message.startswith(r"Illegal character '\n'"):
        reason += "; is a quote or a bracket left open?"
    return number, reason


class _Locator:
    """Walks text that tomllib has accepted, and notes the line of each key and list entry."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._line = 1
        self._counted = 0
        self._lines: dict[Keys, int] = {}
        self._array_lengths: dict[Keys, int] = {}

    def lines(self) -> dict[Keys, int]:
        table: Keys = ()
        self._skip(_BLANK)
        while self._place < len(self._text):
            if self._text.startswith("[[", self._place):
                table = self._header(2)
            elif self._text[self._place] == "[":
                table = self._header(1)
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._lines

    def _header(self, brackets: int) -> Keys:
        line = self._here()
        self._place += brackets
        *parents, last = self._dotted_key()
        self._place += brackets
        table: Keys = ()
        for part in parents:
            table = self._newest((*table, part), line)
        table = (*table, last)
        if brackets == 2:
            self._lines.setdefault(table, line)
            self._array_lengths[table] = self._array_lengths.get(table, 0) + 1
        table = self._newest(table, line)
        # A table's own header is a better place than the first [table.child] above it.
        self._lines[table] = line
        return table

    def _newest(self, keys: Keys, line: int) -> Keys:
        self._lines.setdefault(keys, line)
        return (*keys, self._array_lengths[keys] - 1) if keys in self._array_lengths else keys

    def _pair(self, table: Keys) -> None:
        line = self._here()
        for part in self._dotted_key():
            table = (*table, part)
            self._lines.setdefault(table, line)
        self._place += 1  # the equals sign
        self._skip(_SPACE)
        self._value(table)

    def _dotted_key(self) -> list[str]:
        parts = []
        while True:
            self._skip(_SPACE)
            if (string := self._skip(_STRING)) is not None:
                parts.append(str(tomllib.loads(f"key = {string}")["key"]))
            else:
                parts.append(self._skip(_BARE_KEY) or "")
            self._skip(_SPACE)
            if self._text[self._place] != ".":
                return parts
            self._place += 1

    def _value(self, keys: Keys) -> None:
        first = self._text[self._place]
        if first in "[{":
            self._entries(keys, "]" if first == "[" else "}")
        elif self._skip(_STRING) is None:
            self._skip(_PLAIN_VALUE)

    def _entries(self, keys: Keys, closing: str) -> None:
        self._place += 1
        count = 0
        self._skip(_BLANK)
        while self._text[self._place] != closing:
            if closing == "}":
                self._pair(keys)
            else:
                self._lines[(*keys, count)] = self._here()
                self._value((*keys, count))
                count += 1
            self._skip(_BLANK)
            if self._text[self._place] == ",":
                self._place += 1
                self._skip(_BLANK)
        self._place += 1

    def _skip(self, pattern: re.Pattern[str]) -> str | None:
        match = pattern.match(self._text, self._place)
        if match is None:
            return None
        self._place = match.end()
        return match[0]

    def _here(self) -> int:
        self._line += self._text.count("\n", self._counted, self._place)
        self._counted = self._place
        return self._line
