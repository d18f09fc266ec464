"""What a JPEG 2000 stream says of its picture, told without decoding it."""

from __future__ import annotations

import struct


def jpeg_2000_shape(data: bytes, bits: int) -> tuple[int, int, int] | None:
    """What a JPEG 2000 stream says of its shape; None where its samples are unlike each other.

    Source: ISO/IEC 15444-1, A.5.1, the marker segment SIZ, which always comes first. The decoder
    itself would take memory for whatever size is stated there.
    """
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or len(data) < start + 42:
        return None
    right, bottom, left, top, tile_width, tile_height = struct.unpack_from(">6I", data, start + 8)
    samples = int.from_bytes(data[start + 40 : start + 42], "big")
    # One byte of depth and sign, then the steps across and down at which samples were kept.
    each = data[start + 42 : start + 42 + 3 * samples]
    if each != bytes((bits - 1, 1, 1)) * samples:
        return None
    if (tile_width, tile_height) < (1, 1) or (left, top) > (right, bottom):
        return None
    return bottom - top, right - left, samples
