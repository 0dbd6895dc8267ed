"""What `auto` is; bfloat16 comes with a warning where the processor would emulate it."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from search.data import DataSpec
from search.training.precision import precision_note, processor_has_bfloat16, resolve_precision


def spec(kind: str, *shape: int) -> DataSpec:
    return DataSpec.model_construct(kind=kind, input_shape=shape)


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc/cpuinfo")
@pytest.mark.parametrize(
    ("data", "flags", "precision"),
    [
        (spec("image", 28, 28, 1), "avx512_bf16", "bfloat16"),
        (spec("image", 28, 28, 1), "avx2", "float32"),
        (spec("image", 8, 8, 1), "avx512_bf16", "float32"),
        (spec("table", 10_000), "avx512_bf16", "float32"),
    ],
)
def test_auto_rounds_large_images_where_the_processor_can(
    data: DataSpec, flags: str, precision: str, tmp_path: Path
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor : 0\nflags : fpu sse {flags}\n")
    assert resolve_precision("auto", data, cpuinfo) == precision
    for wish in ("float32", "bfloat16"):
        assert resolve_precision(wish, data, cpuinfo) == wish


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc/cpuinfo")
@pytest.mark.parametrize(
    ("flags", "has"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 sse", True),
        ("flags\t\t: fpu amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16 i8mm", True),
        ("flags\t\t: fpu avx2 avx512f", False),
        ("nothing to see", None),
    ],
)
def test_bfloat16_without_instructions_for_it_is_warned_of(
    tmp_path: Path, flags: str, has: bool | None
) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: some\n{flags}\n")
    assert processor_has_bfloat16(cpuinfo) is has
    assert (precision_note("bfloat16", cpuinfo) is not None) == (has is False)
    assert precision_note("float32", cpuinfo) is None


def test_a_processor_that_cannot_be_asked_is_not_warned_of(tmp_path: Path) -> None:
    assert processor_has_bfloat16(tmp_path / "missing") is None
    assert precision_note("bfloat16", tmp_path / "missing") is None
