"""Data that cannot be used: `run` and `data show` refuse it alike, and write nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_calls import CommandLine
from PIL import Image

ROWS = "".join(f"{row},{row * 7 % 5},{'xy'[row % 2]}\n" for row in range(40))


def table(text: str | bytes) -> Callable[[], list[str]]:
    def make() -> list[str]:
        Path("rows.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return ["rows.csv", "--target", "y"]

    return make


def archive(**arrays: object) -> Callable[[], list[str]]:
    def make() -> list[str]:
        np.savez("rows.npz", **arrays)  # type: ignore[arg-type]
        return ["rows.npz"]

    return make


def no_archive() -> list[str]:
    Path("rows.npz").write_text("this is no archive of arrays")
    return ["rows.npz"]


def images(*names: str, broken: str | None = None) -> Callable[[], list[str]]:
    def make() -> list[str]:
        folder = Path("images")
        folder.mkdir()
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (4, 4), color=len(name)).save(folder / name)
        if broken is not None:
            (folder / broken).write_bytes(b"\x89PNG\r\n\x1a\n and no more")
        return ["images"]

    return make


def unknown_ending() -> list[str]:
    Path("rows.xlsx").write_text("a")
    return ["rows.xlsx"]


TWENTY = np.arange(20)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        pytest.param(table(""), "empty", id="empty CSV"),
        pytest.param(table("a,b,y\n"), "no rows", id="CSV of a header alone"),
        pytest.param(table("a,b,y\n" + ROWS + "1,2\n"), "line 42", id="ragged CSV"),
        pytest.param(table(b"\x00\x01\x02\xff\xfe" * 400), "is not text: byte 0 is zero", id="binary CSV"),
        pytest.param(
            table(b"a,b,y\n" + ROWS.encode() + "1,2,caf\xe9\n".encode("latin-1")), "UTF-8", id="not UTF-8"
        ),
        pytest.param(table("y\n" + "x\nz\n" * 20), "column", id="CSV of the target alone"),
        pytest.param(table("a,b,c\n" + ROWS), "has no column 'y'; it has a, b, c", id="no such target"),
        pytest.param(table("a,b,y\n" + "1,2,x\n3,4,x\n" * 20), "'y'", id="target of one class"),
        pytest.param(table("a,b,y\n" + "1,2,0.5\n3,4,0.5\n" * 20), "'y'", id="constant target"),
        pytest.param(
            archive(x=np.ones((20, 3)), y=TWENTY[:7] % 2), "20 rows and y 7", id="lengths of x and y"
        ),
        pytest.param(archive(x=np.float64(3), y=TWENTY % 2), "x is one number", id="x of no dimension"),
        pytest.param(archive(x=np.ones((20, 0)), y=TWENTY % 2), "x", id="x without features"),
        pytest.param(
            archive(a=np.ones(3)), "but holds a (float64 (3,)); rename its arrays", id="names of arrays"
        ),
        pytest.param(
            archive(x=np.array([[object()]] * 20, dtype=object), y=TWENTY % 2), "object", id="object arrays"
        ),
        pytest.param(
            archive(x=np.where(np.eye(20, 3) > 0, np.nan, 1.0), y=TWENTY % 2), "NaN", id="NPZ with NaN"
        ),
        pytest.param(no_archive, "rows.npz", id="not a ZIP archive"),
        pytest.param(images(*(f"cats/{k}.png" for k in range(8))), "class", id="one class of images"),
        pytest.param(images(), "class", id="no images"),
        pytest.param(
            images(
                *(f"cats/{k}.png" for k in range(8)),
                *(f"dogs/{k}.png" for k in range(8)),
                broken="dogs/z.png",
            ),
            "z.png",
            id="a broken image",
        ),
        pytest.param(unknown_ending, "has the ending '.xlsx'; expected", id="ending"),
    ],
)
def test_data_that_cannot_be_used_is_refused(
    perceptuna: CommandLine, make: Callable[[], list[str]], expected: str
) -> None:
    source, *options = make()
    started = perceptuna.refused("run", "study", "--data", source, *options)
    assert expected in started
    assert source in started
    assert perceptuna.refused("data", "show", source, *options) == started.replace(f"{Path.cwd()}/", "")


def test_a_table_needs_a_target(perceptuna: CommandLine) -> None:
    Path("rows.csv").write_text("a,b,y\n" + ROWS)
    message = perceptuna.refused("run", "study", "--data", "rows.csv")
    assert "it needs a target (--target COLUMN); its columns are a, b, y" in message


def test_data_show_prints_what_a_source_holds(perceptuna: CommandLine) -> None:
    Path("rows.csv").write_text("a,b,y\n" + ROWS)
    shown = perceptuna.done("data", "show", "rows.csv", "--target", "y").out
    assert "40" in shown
    assert "2: x (20), y (20)" in shown


def test_data_show_prints_the_first_columns_of_a_wide_table(perceptuna: CommandLine) -> None:
    header = ",".join(f"gene{column}" for column in range(300))
    rows = "".join(
        f"{','.join(str(row * column % 7) for column in range(300))},{row % 2}\n" for row in range(20)
    )
    Path("rows.csv").write_text(f"{header},y\n{rows}")
    shown = perceptuna.done("data", "show", "rows.csv", "--target", "y").out
    assert "gene199" in shown
    assert "gene200" not in shown
    assert "and 100 more columns: --json tells of all" in shown
