"""`auto` follows the processor; what was asked for is never changed."""

from __future__ import annotations

import platform
from pathlib import Path

import pytest

from search.precision import resolve_precision


@pytest.mark.skipif(platform.system() != "Linux", reason="reads /proc/cpuinfo")
@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("flags\t\t: fpu avx2 avx512f avx512_bf16 sse", "bfloat16"),
        ("flags\t\t: fpu amx_bf16 amx_tile", "bfloat16"),
        ("Features\t: fp asimd bf16 i8mm", "bfloat16"),
        ("flags\t\t: fpu avx2 avx512f", "float32"),
        ("nothing to see", "float32"),
    ],
)
def test_auto_takes_bfloat16_where_the_processor_has_it(tmp_path: Path, flags: str, expected: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nmodel name\t: some\n{flags}\n")
    assert resolve_precision("auto", cpuinfo) == expected
    assert resolve_precision("float32", cpuinfo) == "float32"
    assert resolve_precision("bfloat16", cpuinfo) == "bfloat16"


def test_auto_is_float32_where_the_processor_cannot_be_asked(tmp_path: Path) -> None:
    assert resolve_precision("auto", tmp_path / "missing") == "float32"
