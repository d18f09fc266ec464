"""The chain of pages in a TIFF file, which a damaged file may close to a circle."""

from __future__ import annotations

import struct
from pathlib import Path

from slideviewer.errors import SlideError

_BIGTIFF = 43


def refuse_endless_pages(path: Path, head: bytes) -> None:
    """Refuse a TIFF file in which a page names an earlier one as its next.

    Readers of such files would go round for ever. The layout is that of TIFF 6.0, section 2, and
    of BigTIFF, where places and counts have 8 bytes.

    Parameters
    ----------
    path : Path
    head : bytes
        The first 16 bytes of a TIFF file.

    Raises
    ------
    SlideError
    """
    order = "<" if head[:2] == b"II" else ">"
    is_big = struct.unpack_from(f"{order}H", head, 2)[0] == _BIGTIFF
    count_of, place_of, tag_bytes = ("Q", "Q", 20) if is_big else ("H", "I", 12)
    met: set[int] = set()
    try:
        (place,) = struct.unpack_from(order + place_of, head, 8 if is_big else 4)
        with path.open("rb") as file:
            while place and place not in met:
                met.add(place)
                file.seek(place)
                (tags,) = struct.unpack(order + count_of, file.read(struct.calcsize(count_of)))
                file.seek(place + struct.calcsize(count_of) + tags * tag_bytes)
                (place,) = struct.unpack(order + place_of, file.read(struct.calcsize(place_of)))
    except (OSError, OverflowError, struct.error):
        return  # It is cut off, or cannot be read: whoever reads it will say so better.
    if place:
        raise SlideError(
            f"Its list of pages goes in a circle: page {len(met)} is followed by an earlier one.",
            path=path,
            remedy="The file is damaged: copy it again from its source.",
        )
