"""Which numbers matrix products are made with. Knows no TensorFlow: the answer is needed before it is loaded."""

from __future__ import annotations

import math
import platform
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from search.data import DataSpec
    from search.settings.settings import PrecisionName

# Instructions that multiply bfloat16 and add float32; without them it is emulated, and slower than float32.
_FLAGS = {"avx512_bf16", "amx_bf16", "avx_ne_convert", "bf16"}
_CPUINFO = Path("/proc/cpuinfo")
# 28 × 28 and 32 × 32 × 3 were measured.
_MANY_VALUES = 784


def resolve_precision(
    wanted: PrecisionName, spec: DataSpec, cpuinfo: Path = _CPUINFO
) -> Literal["float32", "bfloat16"]:
    """`auto` is bfloat16 for images of many pixels where this machine's processor has it, else float32.

    There it was shown to be faster and to cost no accuracy (docs/performance.md); small networks are slower by it.
    A study keeps the answer, so that it is resumed alike on another machine.
    """
    if wanted != "auto":
        return wanted
    many = spec.kind == "image" and math.prod(spec.input_shape) >= _MANY_VALUES
    return "bfloat16" if many and processor_has_bfloat16(cpuinfo) else "float32"


def precision_note(precision: str, cpuinfo: Path = _CPUINFO) -> str | None:
    """A warning where bfloat16 was asked for and this processor has no instructions for it."""
    if precision != "bfloat16" or processor_has_bfloat16(cpuinfo) is not False:
        return None
    return "this processor has no bfloat16 instructions; without a GPU, --precision float32 is faster"


def processor_has_bfloat16(cpuinfo: Path = _CPUINFO) -> bool | None:
    """Whether this machine's processor multiplies bfloat16 in hardware; None where that cannot be read."""
    if platform.system() != "Linux" or not cpuinfo.exists():
        return None
    for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):
            return not _FLAGS.isdisjoint(flags.split())
    return None
