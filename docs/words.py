"""Count the words of the documentation: today's, and those of an earlier commit beside them.

.venv/bin/python docs/words.py [COMMIT]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
GENERATED = ("docs/commands.md", "docs/map.md")


def words_now() -> dict[str, int]:
    """A page's path below the repository -> its words, as `wc -w` counts them."""
    pages = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
    return {str(page.relative_to(ROOT)): len(page.read_text(encoding="utf-8").split()) for page in pages}


def words_at(commit: str) -> dict[str, int]:
    """The same of an earlier commit."""
    listed = _git("ls-tree", "-r", "--name-only", commit, "README.md", "docs").splitlines()
    return {page: len(_git("show", f"{commit}:{page}").split()) for page in listed if page.endswith(".md")}


def table(before: dict[str, int], now: dict[str, int]) -> str:
    """Markdown; pages that a program writes are counted apart."""
    written = sorted({*before, *now} - {*GENERATED}, key=lambda page: -before.get(page, 0))
    rows = [(page, before.get(page, 0), now.get(page, 0)) for page in written]
    rows.append(("written by hand", sum(row[1] for row in rows), sum(row[2] for row in rows)))
    rows.extend((page, before.get(page, 0), now.get(page, 0)) for page in GENERATED)
    head = "| page | before | now | share |\n|---|---|---|---|\n"
    return head + "\n".join(
        f"| {page} | {old:,} | {new:,} | {f'{new / old:.0%}' if old else 'new'} |" for page, old, new in rows
    )


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    found = words_now()
    print(table(words_at(sys.argv[1]) if len(sys.argv) > 1 else found, found))
