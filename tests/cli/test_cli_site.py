"""The documentation as a site: it builds without a warning, and a link that leads nowhere is one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import perceptuna
from search.settings.settings import StudySettings

ROOT = Path(__file__).parents[2]


def built(copy: Path) -> subprocess.CompletedProcess[str]:
    """The site of a copy of all that it is made of, as `make docs` makes it."""
    pytest.importorskip("zensical")
    subprocess.run([sys.executable, "docs/site_pages.py"], cwd=copy, check=True, timeout=100)
    words = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(words, cwd=copy, capture_output=True, text=True, timeout=100)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("zensical.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def test_the_site_builds_and_starts_with_the_readme(copy: Path) -> None:
    done = built(copy)
    assert done.returncode == 0, done.stderr
    site = copy / "site"
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "Two commands" in index
    assert 'href="data.html"' in index
    assert 'src="images/terminal.svg"' in index
    assert _loaded_from_elsewhere(index) == []
    assert 'href="../ensembles.html' in (site / "results" / "tables.html").read_text(encoding="utf-8")
    assert {"changelog.html", "contributing.html"} <= {path.name for path in site.iterdir()}
    names = (site / "api.html").read_text(encoding="utf-8")
    assert [name for name in perceptuna.__all__ if f">pt.{name}<" not in names] == []
    assert ">Study.leaderboard<" in names  # of the class below it
    assert "ServiceStudy.predict" in names
    assert "_read" not in names
    settings = (site / "settings.html").read_text(encoding="utf-8")
    assert [name for name in StudySettings.model_fields if f"<code>{name}</code>" not in settings] == []


def _loaded_from_elsewhere(page: str) -> list[str]:
    """Scripts, styles, fonts and images that a page takes from another site."""
    return re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?://[^"]*)"', page)


def test_a_link_that_leads_nowhere_fails_the_build(copy: Path) -> None:
    with (copy / "docs" / "data.md").open("a") as page:
        page.write("\n[gone](no-such-page.md) and [nowhere](spaces.md#no-such-heading)\n")
    done = built(copy)
    assert done.returncode != 0
    assert "2 issues found" in done.stderr
