"""One image file: its pixels, turned as its EXIF data says and without transparency."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

# How files begin that are often named .png or .jpg and are something else.
_OTHER_FORMATS = {
    b"GIF8": "a GIF",
    b"RIFF": "a WebP",
    b"BM": "a BMP",
    b"II*": "a TIFF",
    b"MM\0": "a TIFF",
    b"<": "HTML or SVG",
}


class Unusable(Exception):
    """An image that cannot be used; says why."""


@dataclass(frozen=True)
class Decoded:
    """`pixels` is uint8 (height, width, 1 where the image is grey, else 3)."""

    pixels: NDArray[np.uint8]
    blended: bool
    animated: bool

    @property
    def grey(self) -> bool:
        return self.pixels.shape[2] == 1


def decoded(path: Path) -> Decoded:
    """The pixels of a PNG or JPEG file, of an animated one its first frame.

    Raises:
        Unusable: it is damaged, of more than 8 bits, or has more pixels than Pillow takes for sound.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path, formats=("PNG", "JPEG")) as opened:
            if opened.mode.startswith(("I", "F")):
                raise Unusable(f"has pixels of more than 8 bits (mode {opened.mode}); convert it to 8 bits")
            # Pillow takes the second picture of a phone's JPEG for a frame.
            animated = opened.format == "PNG" and getattr(opened, "is_animated", False)
            mode = "L" if opened.mode in ("1", "L", "LA") else "RGB"
            # Only where needed: each of the two costs as much as decoding an image of 32 x 32 pixels.
            image = ImageOps.exif_transpose(opened) if "exif" in opened.info else opened
            image, blended = _on_white(image) if image.has_transparency_data else (image, False)
            pixels = np.asarray(image if image.mode == mode else image.convert(mode), dtype=np.uint8)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as exc:
        raise Unusable(
            f"has more pixels than an image should ({Image.MAX_IMAGE_PIXELS:,}); make it smaller"
        ) from exc
    # Pillow reports damage by several built-in errors, depending on the format and the place.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as exc:
        raise Unusable(f"is no image that can be read ({_what_it_is(path) or exc})") from exc
    return Decoded(pixels[..., np.newaxis] if mode == "L" else pixels, blended, animated)


def _on_white(image: Image) -> tuple[Image, bool]:
    """As it looks on white paper, and whether that changed anything: what lies under transparency is arbitrary."""
    from PIL import Image as Images

    layers = image.convert("RGBA")
    if layers.getchannel("A").getextrema() == (255, 255):
        return image, False
    return Images.alpha_composite(Images.new("RGBA", layers.size, "white"), layers), True


def _what_it_is(path: Path) -> str:
    """What a file is that is named as an image; empty where that is not known."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError:
        return ""
    if not start:
        return "it is empty"
    return next((f"it is {name}" for begin, name in _OTHER_FORMATS.items() if start.startswith(begin)), "")
