"""Arrays in and out of `.npz` bytes that may come from anywhere.

Unlike `numpy.load`, nothing is allocated before its size is checked, and only plain numbers are
read: no object arrays, hence no pickle.
"""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from slideviewer.errors import ModelError
from slideviewer.models.archive import DAMAGE, chunks_of

Arrays = dict[str, NDArray[np.generic]]

_PLAIN = frozenset(np.dtype(kind) for kind in ("<f2", "<f4", "u1"))
_LARGEST_BYTES = 1 << 30
_MOST_ARRAYS = 10_000
_FIXED = 10
# The header as numpy writes it (NEP 1, version 1.0), matched and never evaluated.
_HEADER = re.compile(
    rb"\x93NUMPY\x01\x00(?P<length>[\x00-\xff]{2})"
    rb"\{'descr': '(?P<dtype><f2|<f4|\|u1)', 'fortran_order': False, "
    rb"'shape': \((?P<shape>(?:\d{1,9}, ?){0,8}(?:\d{1,9})?)\), \} *\n"
)


def pack_arrays(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Write float16, float32 and uint8 arrays as compressed `.npz`, the same bytes every time."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            if array.dtype not in _PLAIN:
                raise ValueError(f"{name} has dtype {array.dtype}, which packages do not hold")
            part = io.BytesIO()
            np.lib.format.write_array(part, np.ascontiguousarray(array), allow_pickle=False)
            # A fixed date, so that equal arrays make equal files and equal hashes.
            info = zipfile.ZipInfo(f"{name}.npy", (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, part.getvalue())
    return out.getvalue()


def unpack_arrays(data: bytes) -> Arrays:
    """Read what `pack_arrays` or `numpy.savez` wrote.

    Raises
    ------
    ModelError
        If it is no such archive, is damaged, unpacks to more than 1 GiB, or holds anything but
        plain float16, float32 and uint8 arrays.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if len(members) > _MOST_ARRAYS or size > _LARGEST_BYTES:
                raise ModelError(
                    f"The arrays unpack to {size:,} bytes in {len(members):,} parts, more than the"
                    f" {_LARGEST_BYTES:,} in {_MOST_ARRAYS:,} allowed."
                )
            return {
                member.filename.removesuffix(".npy"): _read_array(member, archive)
                for member in members
            }
    except DAMAGE as error:
        raise ModelError(f"The arrays cannot be unpacked: {error}.") from error


def _read_array(member: zipfile.ZipInfo, archive: zipfile.ZipFile) -> NDArray[np.generic]:
    name, content = member.filename, b"".join(chunks_of(archive, member))
    head = _HEADER.match(content)
    if head is None:
        raise ModelError(f'The array "{name}" is not of plain row-major numbers.')
    shape = tuple(int(length) for length in head["shape"].split(b",") if length.strip())
    dtype, body = np.dtype(head["dtype"].decode()), content[head.end() :]
    length = int.from_bytes(head["length"], "little")
    if head.end() != _FIXED + length or math.prod(shape) * dtype.itemsize != len(body):
        raise ModelError(f'The array "{name}" does not hold what its shape {shape} says.')
    return np.frombuffer(body, dtype).reshape(shape)
