"""The documentation as a site: it builds without a warning, and a link that leads nowhere is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import perceptuna

ROOT = Path(__file__).parents[2]


def built(root: Path, site: Path) -> subprocess.CompletedProcess[str]:
    pytest.importorskip("mkdocs")
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    words = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(site)]
    return subprocess.run(words, cwd=root, env=environment, capture_output=True, text=True, timeout=100)


def test_the_site_builds_and_starts_with_the_readme(tmp_path: Path) -> None:
    done = built(ROOT, tmp_path)
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "Two commands" in index
    assert 'href="data.html"' in index
    assert 'src="images/terminal.svg"' in index
    assert "fonts.googleapis" not in index
    assert {"changelog.html", "contributing.html"} <= {path.name for path in tmp_path.iterdir()}
    names = (tmp_path / "api.html").read_text(encoding="utf-8")
    assert [name for name in perceptuna.__all__ if f">pt.{name}<" not in names] == []
    assert ">Study.leaderboard<" in names  # of the class below it
    assert "ServiceStudy.predict" in names
    assert "_read" not in names


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(ROOT / "docs", copy / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("mkdocs.yml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, copy / name)
    with (copy / "docs" / "data.md").open("a") as page:
        page.write("\n[gone](no-such-page.md) and [nowhere](spaces.md#no-such-heading)\n")
    done = built(copy, tmp_path / "site")
    assert done.returncode != 0
    assert "no-such-page.md" in done.stderr
    assert "no-such-heading" in done.stderr
