"""The documentation as a site: it builds without a warning, and a link that leads nowhere is one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from headless_chromium import NEEDS_CHROMIUM, launched

import perceptuna
from search.settings.settings import StudySettings

ROOT = Path(__file__).parents[2]


def built(copy: Path) -> subprocess.CompletedProcess[str]:
    """The site of a copy of all that it is made of, as `make docs` makes it."""
    pytest.importorskip("zensical")
    subprocess.run([sys.executable, "docs/site_pages.py"], cwd=copy, check=True, timeout=300)
    words = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    return subprocess.run(words, cwd=copy, capture_output=True, text=True, timeout=300)


def copied(folder: Path) -> Path:
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("zensical.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = copied(tmp_path_factory.mktemp("site"))
    done = built(copy)
    assert done.returncode == 0, done.stderr
    return copy / "site"


def test_the_site_builds_and_starts_with_the_readme(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    assert "Two commands" in index
    assert 'href="data.html"' in index
    assert 'src="images/front.svg"' in index
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


@NEEDS_CHROMIUM[0]
@NEEDS_CHROMIUM[1]
def test_opened_from_its_folder_no_code_is_cut_and_the_search_finds(site: Path) -> None:
    with launched() as browser:
        for width in (1400, 390):
            page = browser.new_page(viewport={"width": width, "height": 900})
            for name in ("index", "spaces", "results/tables"):
                page.goto((site / f"{name}.html").as_uri())
                assert page.evaluate(_CUT) == [], f"{name} at {width} pixels"
        page = browser.new_page()
        page.goto((site / "index.html").as_uri())
        page.wait_for_timeout(500)
        page.keyboard.press("/")
        page.keyboard.type("PED-ANOVA", delay=20)
        page.get_by_text(re.compile(r"^\d+ results?$")).wait_for(timeout=20_000)


# Lines of code that run out of their box, and the page's width where it runs out of the window.
_CUT = """() => [
    ...[...document.querySelectorAll("pre code")].filter(code => code.scrollWidth > code.clientWidth + 1)
        .map(code => code.innerText.slice(0, 60)),
    ...(document.documentElement.scrollWidth > innerWidth ? [document.documentElement.scrollWidth] : [])]"""


def _loaded_from_elsewhere(page: str) -> list[str]:
    """Scripts, styles, fonts and images that a page takes from another site."""
    return re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="(https?://[^"]*)"', page)


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    with (copy / "docs" / "data.md").open("a") as page:
        page.write("\n[gone](no-such-page.md) and [nowhere](spaces.md#no-such-heading)\n")
    done = built(copy)
    assert done.returncode != 0
    assert "2 issues found" in done.stderr
