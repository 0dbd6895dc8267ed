"""What the site needs beside the files in docs/: a hook of MkDocs (see mkdocs.yml).

README, CHANGELOG and CONTRIBUTING stand at the top of the repository, where people look for them; here they become
pages. So do the docstrings of the Python door (api.py). Links to files that are no pages become their paths.
"""

from __future__ import annotations

import re
from pathlib import Path

import api
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {"index.md": "README.md", "changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md"}

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:\s]+)(#[^)\s]*)?\)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from files outside docs/."""
    for page, source in PAGES.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=as_page(text)))
    files.append(File.generated(config, "api.md", content=api.reference()))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Links of a page in docs/ that lead out of it."""
    return _LINK.sub(
        lambda link: _path(link, ROOT / "docs") if link[2].startswith("../") else link[0], markdown
    )


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
