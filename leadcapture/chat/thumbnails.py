"""Images made anew, small: what browsers show of a file that a stranger sent.

Nothing of the original's bytes is in them: no place and time of a photograph (EXIF), no second file behind the picture.
"""

from __future__ import annotations

import io
import struct
import warnings
from dataclasses import dataclass
from pathlib import Path

from leadcapture.errors import Invalid
from leadcapture.i18n import gettext as _

SIDE = 640  # pixels, the longer one at most
# Decoded, four bytes a pixel. A JPEG is decoded small, unless it was made to be shown bit by bit: photographs may be
# larger, as large as telephones make them.
MOST_PIXELS, MOST_OF_A_PHOTOGRAPH = 36_000_000, 50_000_000
CONTENT_TYPE = "image/webp"
# What may be read, whatever else the library can: each of its readers is code that strangers' bytes run through.
READ = ("PNG", "JPEG", "GIF", "WEBP")


@dataclass(frozen=True)
class Thumbnail:
    """A small WebP image and its size in pixels."""

    content: bytes
    width: int
    height: int


def made(path: Path) -> Thumbnail:
    """The image, turned as the camera was held, within SIDE × SIDE; of a moving one the first picture.

    Takes its time, on a native thread. Raises Invalid (not_allowed) with a sentence for what cannot be read, and for
    an image that would fill the memory: its size is looked at before anything is decoded.
    """
    from PIL import Image, ImageOps  # here, because most processes never see an image

    Image.MAX_IMAGE_PIXELS = MOST_OF_A_PHOTOGRAPH
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=READ) as image:
                if image.format != "JPEG" and image.width * image.height > MOST_PIXELS:
                    raise _too_many_pixels(MOST_PIXELS)
                image.draft("RGB", (SIDE, SIDE))  # a JPEG is decoded no larger than it must be
                image.thumbnail((SIDE, SIDE))
                upright = ImageOps.exif_transpose(image)
        has_alpha = upright.mode in ("RGBA", "LA", "PA") or "transparency" in upright.info
        plain = upright.convert("RGBA" if has_alpha else "RGB")
        plain.info = {}
        written = io.BytesIO()
        plain.save(written, "WEBP", quality=80, method=4)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(MOST_OF_A_PHOTOGRAPH) from error
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error) as error:
        raise Invalid(_("This image cannot be read. Perhaps it is damaged."), code="not_allowed") from error
    return Thumbnail(written.getvalue(), *plain.size)


def _too_many_pixels(most: int) -> Invalid:
    sentence = _("This image has more than %(number)s million pixels. Send it smaller.", number=most // 1_000_000)
    return Invalid(sentence, code="not_allowed")
