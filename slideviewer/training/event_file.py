"""Scalars for TensorBoard, written without TensorFlow: a log of records of the same two formats.

A record is its length, the CRC of that, its bytes and their CRC (TFRecord); its bytes are an
``Event`` in protocol buffers' wire format. Only what scalars need is written.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from slideviewer.training.history import EpochRow

EVENT_FILE = "events.out.tfevents.0.slideviewer"

_POLYNOMIAL = 0x82F63B78
"""CRC-32C (Castagnoli), reflected; RFC 3720, appendix B.4."""
_MASK = 0xA282EAD8
"""TFRecord turns each CRC by 15 bits and adds this."""
_FIXED_64, _BYTES, _FIXED_32, _VARINT = 1, 2, 5, 0
"""Wire types."""


class EventFile:
    """A log that TensorBoard shows; `add` appends to it.

    Parameters
    ----------
    path : Path
        Its name must hold ``tfevents``. A former file is replaced.
    rows : iterable of EpochRow
        Of epochs that are done already.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written, or the disk is full.
    """

    def __init__(self, path: Path, rows: Iterable[EpochRow] = ()) -> None:
        self._path = path
        path.write_bytes(record(_number(1, 0.0) + _text(3, "brain.Event:2")))
        for row in rows:
            self.add(row)

    def add(self, row: EpochRow) -> None:
        """Append the values of an epoch."""
        with self._path.open("ab") as stream:
            stream.write(record(_event(row.timestamp, row.epoch, row.values)))


def record(content: bytes) -> bytes:
    """Frame bytes as a TFRecord."""
    length = struct.pack("<Q", len(content))
    return b"".join((length, _checked(length), content, _checked(content)))


def _event(wall_time: float, step: int, values: Mapping[str, float]) -> bytes:
    summary = b"".join(
        _field(1, _text(1, _tag(name)) + struct.pack("<Bf", 2 << 3 | _FIXED_32, value))
        for name, value in values.items()
    )
    return _number(1, wall_time) + bytes([2 << 3 | _VARINT]) + _varint(step) + _field(5, summary)


def _tag(name: str) -> str:
    """TensorBoard puts what has the same word before the slash side by side."""
    return f"validation/{name[4:]}" if name.startswith("val_") else f"training/{name}"


def _number(field: int, value: float) -> bytes:
    return struct.pack("<Bd", field << 3 | _FIXED_64, value)


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _field(field: int, content: bytes) -> bytes:
    return bytes([field << 3 | _BYTES]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _checked(content: bytes) -> bytes:
    table, crc = _table(), 0xFFFFFFFF
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + _MASK) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)
