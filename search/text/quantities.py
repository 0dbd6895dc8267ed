"""Times and sizes as users write them."""

from __future__ import annotations

import re

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_IMAGE_SIZE = re.compile(r"(\d{1,4})x(\d{1,4})")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(kB|MB|GB|KiB|MiB|GiB|B)", re.IGNORECASE)
_BYTES = {"b": 1, "kb": 10**3, "kib": 2**10, "mb": 10**6, "gb": 10**9, "mib": 2**20, "gib": 2**30}
_SECONDS = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


def parse_duration(text: str | float) -> float:
    """Seconds of `90`, `90s`, `15m`, `2h` or `1d`.

    Raises:
        ValueError: anything else, or nothing.
    """
    if isinstance(text, int | float) and not isinstance(text, bool):
        seconds = float(text)
    else:
        match = _DURATION.fullmatch(str(text).strip())
        if match is None:
            raise ValueError(f"expected a duration like 90s, 15m or 2h, but got '{text}'")
        seconds = float(match[1]) * _SECONDS[match[2]]
    if not 0 < seconds <= 366 * 86400:
        raise ValueError(f"expected a duration between 1s and 366d, but got '{text}'")
    return seconds


def parse_size(text: str | int, least: int = 10**6) -> int:
    """Bytes of `800MB`, `1.5GB` or `2GiB`; a whole number is bytes.

    Raises:
        ValueError: anything else, or fewer than `least`.
    """
    if isinstance(text, int) and not isinstance(text, bool):
        count = text
    else:
        match = _SIZE.fullmatch(str(text).strip())
        if match is None:
            raise ValueError(
                f"expected a size like {'2GB or 1.5GiB' if least > 1 else '200kB or 2MB'}, but got '{text}'"
            )
        count = round(float(match[1]) * _BYTES[match[2].lower()])
    if not least <= count <= 10**15:
        raise ValueError(f"expected a size of at least {'1MB' if least > 1 else '1B'}, but got '{text}'")
    return count


def parse_image_size(text: str) -> tuple[int, int]:
    """Height and width in pixels, of `32x48`.

    Raises:
        ValueError: anything else.
    """
    match = _IMAGE_SIZE.fullmatch(text)
    if match is None or not all(1 <= int(side) <= 1024 for side in match.groups()):
        raise ValueError(f"expected HEIGHTxWIDTH, each 1 to 1024, such as 32x32, but got '{text}'")
    return int(match[1]), int(match[2])
