"""Lines of a TOML document's entries, and errors that say where."""

from __future__ import annotations

from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from spaces import TomlDocument, TomlError

TEXT = '''\
# comment with = and [brackets]
title = "a # b [c] = {"   # more

literal = 'C:\\path'
long = """
one = 1
two \\""" = 2 """
"quoted key" = 1
list = [ 1, # one
  2,
  { inner = 3 }, [4,
    5],
]
inline = { a = 1, b.c = "x, }", d = { e = [1] } }
dotted.deep.key = true
when = 1979-05-27 07:32:00

[table]
first = 1
[table . "sub.table"]
x = 1

[[rows]]
name = "a"
[rows.more]
y = 1
[[rows]]
name = "b"
[rows.more]
y = 2
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("title",), 2),
        (("literal",), 4),
        (("long",), 5),
        (("quoted key",), 8),
        (("list",), 9),
        (("list", 0), 9),
        (("list", 1), 10),
        (("list", 2, "inner"), 11),
        (("list", 3, 1), 12),
        (("inline", "b", "c"), 14),
        (("inline", "d", "e", 0), 14),
        (("dotted",), 15),
        (("dotted", "deep", "key"), 15),
        (("when",), 16),
        (("table",), 18),
        (("table", "first"), 19),
        (("table", "sub.table", "x"), 21),
        (("rows",), 23),
        (("rows", 0, "more", "y"), 26),
        (("rows", 1), 27),
        (("rows", 1, "name"), 28),
        (("rows", 1, "more", "y"), 30),
        (("table", "absent"), 18),
        (("absent",), 1),
        ((), 1),
    ],
)
def test_entries_are_found_in_every_form(newline: str, keys: tuple[str | int, ...], line: int) -> None:
    document = TomlDocument.parse(TEXT.replace("\n", newline), "file.toml")
    assert document.line_of(keys) == line
    assert document.at(keys) == f"file.toml, line {line}"


keys = st.text(max_size=5)
leaves = st.one_of(
    st.booleans(), st.integers(-9, 9), st.floats(allow_nan=False), st.text(), st.dates(), st.times()
)
trees = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)
)


def leaf_paths(entry: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = entry.items() if isinstance(entry, dict) else enumerate(entry) if isinstance(entry, list) else ()
    return [path, *(p for key, inner in items for p in leaf_paths(inner, (*path, key)))]


@given(st.dictionaries(keys, trees, max_size=4))
def test_every_entry_of_any_document_has_a_line(entries: dict[str, Any]) -> None:
    text = tomli_w.dumps(entries)
    document = TomlDocument.parse(text, "any.toml")
    assert document.entries == entries
    last = len(text.splitlines()) + 1
    for path in leaf_paths(entries)[1:]:
        assert path in document._lines
        assert 1 <= document.line_of(path) <= last


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("width { low = 1 }", 1, "write name = value"),
        ("a = 1\nb = True", 2, "text needs quotes, booleans are true and false"),
        ("a = [1,\n2\n\n", 2, "is a quote or a bracket left open?"),
        ('x = "abc\ny = 1', 1, "is a quote or a bracket left open?"),
        ("a = 1\n\na = 2", 3, "it is set twice, drop one"),
        ("[a]\n[a]", 2, "it is set twice, drop one"),
        ("a = { b = 1,\n  c = 2 }", 1, "a table in braces stays on one line"),
        ("a = 1 b = 2", 1, "in: a = 1 b = 2"),
        ("a = 1\nb = \x1b[2J", 2, "in: b = ?[2J"),
        ("a = " + "[" * 5000, None, "nested too deeply"),
        ("a = " + "1" * 5000, None, "digits"),
    ],
)
def test_syntax_errors_say_where_and_what_to_do(text: str, line: int | None, reason: str) -> None:
    with pytest.raises(TomlError) as caught:
        TomlDocument.parse(text, "f.toml")
    assert caught.value.line == line
    assert caught.value.path == "f.toml"
    assert reason in caught.value.reason
    assert str(caught.value).startswith("f.toml, line" if line else "f.toml: ")


def test_a_byte_order_mark_is_overlooked(tmp_path) -> None:
    path = tmp_path / "notepad.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    document = TomlDocument.read(path)
    assert document.entries == {"a": 1, "b": 2}
    assert document.line_of(("b",)) == 2
