"""The seller's picture store (aliexpress.md §4.3): the file travels beside the signed parameters."""

from __future__ import annotations

import io
import warnings
from typing import Annotated

from msgspec import Meta

from syncbridge.adapters.aliexpress.mock.words import Words
from syncbridge.adapters.aliexpress.mock.world import Account, World

Payload = dict[str, object]
_LARGEST = 3 * 1024 * 1024
_LONGEST_SIDE = 5000
_ROOM_MB = 5120

# The vendor publishes no numbers for these refusals; the numbers are the mock's own.
_NO_PICTURE = 14000001
_TOO_LARGE = 14000002
_NO_GROUP = 14000003


class Upload(Words):
    """uploadimageforsdk and uploadimage."""

    image_bytes: bytes
    file_name: Annotated[str, Meta(min_length=1, max_length=256)]
    group_id: str | None = None


def upload_for_sdk(world: World, account: Account, asked: Upload) -> Payload:
    """Keep a picture; the answer's flag is ``is_success``."""
    return {"result": _kept(world, account, asked, "is_success")}


def upload(world: World, account: Account, asked: Upload) -> Payload:
    """Keep a picture; the answer's flag is ``success``."""
    return {"result": _kept(world, account, asked, "success")}


def size_of(content: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG or PNG; None for anything else."""
    from PIL import Image  # only who uploads pays for it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # its head alone is read
            with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
                return picture.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def _kept(world: World, account: Account, asked: Upload, flag: str) -> Payload:
    size = size_of(asked.image_bytes)
    if size is None:
        return _refused(world, flag, _NO_PICTURE, "the file is neither a JPEG nor a PNG")
    if len(asked.image_bytes) > _LARGEST or max(size) > _LONGEST_SIDE:
        return _refused(world, flag, _TOO_LARGE, f"a picture has up to 3 MB and {_LONGEST_SIDE}×{_LONGEST_SIDE} points")
    if asked.group_id is not None and not asked.group_id.isdecimal():
        return _refused(world, flag, _NO_GROUP, "there is no such group of pictures")
    url = f"https://ae01.alicdn.com/kf/S{world.serial(10**15):x}.jpg"
    account.pictures.append(url)
    return {
        flag: True,
        "status": "SUCCESS",
        "photobank_url": url,
        "file_name": asked.file_name,
        "width": size[0],
        "height": size[1],
        "photobank_used_size": str(len(account.pictures)),
        "photobank_total_size": str(_ROOM_MB),
    }


def _refused(world: World, flag: str, code: int, why: str) -> Payload:
    world.refused[str(code)] += 1
    return {flag: False, "status": "FAIL", "error_code": code, "error_message": why}
