"""The pages of the site, written into build/docs, where zensical.toml looks for them: those of docs/, and more.

README, CHANGELOG and CONTRIBUTING stand at the top of the repository, where people look for them; here they become
pages. So do the docstrings of the Python door (api.py) and the fields of settings (settings.py). Links to files that
are no pages become their paths.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import api
import settings

ROOT = Path(__file__).parents[1]
WRITTEN = ROOT / "build" / "docs"
PAGES = {"index.md": "README.md", "changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def main() -> None:
    """Write all pages anew."""
    docs = Path(__file__).parent
    shutil.rmtree(WRITTEN, ignore_errors=True)
    for path in sorted(docs.rglob("*")):
        if path.suffix in (".md", ".png", ".svg", ".js", ".css"):
            page = WRITTEN / path.relative_to(docs)
            page.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, page)
            if path.suffix == ".md":
                text = path.read_text(encoding="utf-8")
                page.write_text(within(text, path.parent), encoding="utf-8")
    for name, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        (WRITTEN / name).write_text(as_page(text), encoding="utf-8")
    (WRITTEN / "api.md").write_text(api.reference(), encoding="utf-8")
    (WRITTEN / "settings.md").write_text(settings.reference(), encoding="utf-8")


def within(text: str, folder: Path) -> str:
    """Text of a page in `folder`, no link of which leads out of docs/."""
    docs = ROOT / "docs"

    def leads_out(link: re.Match[str]) -> bool:
        return not (folder / link[2]).resolve().is_relative_to(docs)

    return _LINK.sub(lambda link: _path(link, folder) if leads_out(link) else link[0], text)


def as_page(text: str) -> str:
    """Text from the top of the repository, as if it stood in docs/."""
    pages = {source: page for page, source in PAGES.items()}

    def moved(link: re.Match[str]) -> str:
        target, anchor = link[2], link[3] or ""
        if target in pages:
            return f"[{link[1]}]({pages[target]}{anchor})"
        if target.startswith("docs/"):
            folder = (ROOT / target).is_dir()
            return f"[{link[1]}]({target.removeprefix('docs/')}{'/README.md' if folder else ''}{anchor})"
        return _path(link, ROOT)

    return _LINK.sub(moved, text.replace("](docs/images/", "](images/"))


def _path(link: re.Match[str], folder: Path) -> str:
    """The words of a link, and the file that it led to."""
    path = (folder / link[2]).resolve().relative_to(ROOT)
    return link[1] if link[1].strip("`") == str(path) else f"{link[1]} (`{path}`)"


if __name__ == "__main__":
    main()
