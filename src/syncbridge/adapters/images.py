"""Pictures of offers and listings, looked at without ever asking an address that is not a public picture server's."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from itertools import pairwise

from syncbridge.adapters.addresses import SECONDS, Allowed, Fetch, Resolve, resolve
from syncbridge.adapters.http import Fetched, fetch_at
from syncbridge.errors import Rejected

MOST_BYTES = 5 * 1024 * 1024
"""AliExpress takes no larger picture (aliexpress.md §4.2)."""
MOST_PIXELS = 50_000_000
SIDE = 8
"""A picture is compared as eight rows of eight differences in brightness between neighbours."""
_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")


async def fetch(url: str, address: str) -> Fetched:
    """A picture's bytes, within bounds."""
    return await fetch_at(url, address, most=MOST_BYTES, seconds=SECONDS)


class SafeImages:
    """Keeps to the `Images` port."""

    def __init__(self, hosts: Sequence[str], *, resolve: Resolve = resolve, fetch: Fetch = fetch) -> None:
        self._allowed = Allowed(hosts, "images.hosts", "picture", fetch, resolve)

    async def fingerprint(self, url: str) -> str:
        """What the picture looks like; see `difference_hash`."""
        answer = await self._allowed.get(url)
        kind = answer.content_type.partition(";")[0].strip().lower()
        if kind not in _TYPES:
            raise Rejected(f"{url} is no picture but {kind or 'of no type'}", vendor="images", code="picture_type")
        return await asyncio.to_thread(difference_hash, answer.body)


def difference_hash(body: bytes) -> str:
    """64 bits as 16 hex digits: is each point brighter than its right neighbour. Raises Rejected.

    A picture that was scaled, compressed or tinted keeps nearly all of them.
    """
    from PIL import Image, UnidentifiedImageError  # here, since it is slow to load and seldom needed

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        with Image.open(io.BytesIO(body), formats=_FORMATS) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Rejected(
                    f"{image.width} × {image.height} points are too many", vendor="images", code="picture_pixels"
                )
            image.draft("L", (SIDE * 8, SIDE * 8))
            grey = image.convert("L").resize((SIDE + 1, SIDE), Image.Resampling.LANCZOS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Rejected(f"this picture has too many points ({error})", vendor="images", code="picture_pixels") from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        raise Rejected(
            f"this is no picture that can be read ({error})", vendor="images", code="picture_unreadable"
        ) from error
    points = grey.tobytes()
    rows = [points[start : start + SIDE + 1] for start in range(0, len(points), SIDE + 1)]
    bits = "".join("1" if left > right else "0" for row in rows for left, right in pairwise(row))
    return f"{int(bits, 2):016x}"
