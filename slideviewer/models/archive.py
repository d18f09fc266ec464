"""Zip archives that may come from anywhere, read without believing what they say of themselves.

`zipfile` unpacks a member whole before it looks at the size that the archive states, so a small
file could fill the memory. Here unpacking stops where that size ends.
"""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator

from slideviewer.errors import ModelError

DAMAGE = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    struct.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # it is encrypted, or packed by a method that zipfile does not know
    ValueError,
    OverflowError,
)
"""What `zipfile` raises for damaged archives: it depends on which bytes are damaged."""

_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_CHUNK_BYTES = 1 << 18


def chunks_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack one member piece by piece, never more than the size it states.

    Yields
    ------
    bytes
        At most 256 KiB.

    Raises
    ------
    ModelError
        If it is packed in a way that cannot be unpacked piece by piece, or holds less than it
        states.
    DAMAGE
        If it is damaged; what is beyond the stated size counts as that, by its checksum.
    """
    if member.compress_type not in _METHODS:
        raise ModelError(f'"{member.filename}" is packed in a way that packages do not use.')
    left = member.file_size
    with archive.open(member) as stream:
        while piece := stream.read(_CHUNK_BYTES):
            left -= len(piece)
            yield piece
    if left:
        raise ModelError(f'"{member.filename}" does not hold as much as its archive says.')
