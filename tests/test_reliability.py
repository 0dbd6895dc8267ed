"""docs/reliability.md names a test for each promise: they are there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_that_the_page_names_exists() -> None:
    page = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    files = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")}
    named_files = set(re.findall(r"\btest_\w+\.py\b", page))
    assert named_files - set(files) == set()
    written = "\n".join(files[name] for name in named_files)
    defined = set(re.findall(r"^\s*(?:def|class) (\w+)", written, re.MULTILINE))
    named = set(re.findall(r"\b(?:test_\w+|Test[A-Z]\w+)\b(?!\.py|…)", page))
    assert len(named) > 30
    assert named - defined == set()
    beginnings = re.findall(r"\b(test_\w+)…", page)
    assert [one for one in beginnings if not any(name.startswith(one) for name in defined)] == []
