"""Which numbers matrix products are made with. Knows no TensorFlow: the answer is needed before it is loaded."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Literal

PrecisionName = Literal["auto", "float32", "bfloat16"]

# Instructions that multiply bfloat16 and add float32; without them it is emulated, and slower than float32.
_FLAGS = {"avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"}
_CPUINFO = Path("/proc/cpuinfo")


def resolve_precision(wanted: PrecisionName, cpuinfo: Path = _CPUINFO) -> Literal["float32", "bfloat16"]:
    """`auto` becomes bfloat16 where the processor has it (docs/performance.md: no loss of accuracy), else float32.

    A study keeps the answer, so that it is resumed alike on another machine.
    """
    if wanted != "auto":
        return wanted
    return "bfloat16" if processor_has_bfloat16(cpuinfo) else "float32"


def processor_has_bfloat16(cpuinfo: Path = _CPUINFO) -> bool:
    """Whether this machine's processor multiplies bfloat16 in hardware; False where that cannot be read."""
    if platform.system() != "Linux" or not cpuinfo.exists():
        return False
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not _FLAGS.isdisjoint(flags.split())
    return False
