"""The quick way through a file: annotations as ASAP itself writes them, taken straight from bytes.

Only what stands there letter for letter in ASAP's form, and can mean but one thing, is taken. It
leaves a marker behind; all the rest goes to the XML parser, which sees to it that the file is one.
Whatever is at all unusual makes `NotPlainError`, and the file is read the slow way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from slideviewer.annotations.asap.text import UNGROUPED, decoded, decoded_group
from slideviewer.annotations.model import Annotation, Kind, are_places, kind_named

MARKER = "slideviewer-run"
"""The attribute of the element that stands for a run of annotations; its value is their number."""

MOST_ANNOTATIONS = 1_000_000
"""More are left to the slow way, which says how many are too many."""

_SPACE = rb"[ \t\r\n]{0,64}"
_VALUE = rb'"([^"&<\x00-\x1f]%b)"'
_OPENING = re.compile(
    rb"<Annotation Name=%b Type=%b PartOfGroup=%b"
    rb' Color="(#[0-9A-Fa-f]{6})"%b>%b<Coordinates>%b(?=<Coordinate )'
    % (_VALUE % b"*+", _VALUE % b"++", _VALUE % b"++", _SPACE, _SPACE, _SPACE)
)
_CLOSING = re.compile(rb"</Coordinates>%b</Annotation>" % _SPACE)
_FIRST = b"<Coordinate Order="
_BETWEEN = re.compile(rb"%b/>%b<Coordinate Order=" % (_SPACE, _SPACE))
_LAST = re.compile(rb"%b/>%b" % (_SPACE, _SPACE))
_START = re.compile(
    rb"(?:\xef\xbb\xbf)?%b(?:<\?xml version=\"1\.0\"(?: encoding=\"(?i:utf-8)\")?%b\?>)?%b"
    rb"(?=<[A-Za-z])" % (_SPACE, _SPACE, _SPACE)
)
_END_TAG = b"</Annotation>"
_PIECE_BYTES = 1 << 20
"""Of a long outline: its vertices are taken so many bytes at a time, to keep memory small."""
_MOST_WAITING = 300_000
"""Texts that wait to become numbers."""
_NOTHING: dict[str, object] = {}
"""One for all, since it is never changed."""


class NotPlainError(Exception):
    """A file holds something that this way does not know."""


class Plain:
    """Takes the plain annotations out of a file.

    Attributes
    ----------
    runs : list of lists of Annotation
        Those that stood one after the other; the number of a run is its marker's.
    """

    def __init__(self) -> None:
        self.runs: list[list[Annotation]] = []
        self._count = 0
        self._texts: list[bytes] = []
        self._numbers: list[NDArray[np.float64]] = []
        self._orders: list[bytes] = []
        self._known: dict[tuple[bytes, ...], tuple[Kind, str | None, str] | None] = {}
        self._betweens: dict[bytes, bool] = {}

    def rest(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """What is left of a file, piece by piece, with markers.

        Raises
        ------
        NotPlainError
            Something is unusual.
        """
        waiting: list[bytes] = []
        tail = b""  # an end tag may lie across pieces
        is_start = True
        for chunk in chunks:
            if is_start:
                head = _START.match(chunk)
                if head is None:
                    raise NotPlainError
                yield head[0]
                chunk, is_start = chunk[head.end() :], False
            waiting.append(chunk)
            is_whole = _END_TAG in tail + chunk
            tail = (tail + chunk[-len(_END_TAG) :])[-len(_END_TAG) :]
            if is_whole:
                data = b"".join(waiting)
                cut = data.rfind(_END_TAG) + len(_END_TAG)
                waiting = [data[cut:]]
                tail = waiting[0][-len(_END_TAG) :]
                yield self._without_plain(data[:cut])
        yield _checked(b"".join(waiting))

    def _without_plain(self, data: bytes) -> bytes:
        """A piece that ends with an annotation, with a marker for each run of plain ones."""
        if b"\x0b" in data or b"\x0c" in data:  # no part of XML, but spaces to a number
            raise NotPlainError
        left: list[bytes] = []
        heads: list[tuple[bytes, ...]] = []
        counts: list[int] = []
        self._texts, self._numbers = [], []
        runs: list[int] = []  # how many heads each begins after
        done = place = 0
        while (at := data.find(b"<Annotation ", place)) >= 0:
            place = at + 1
            opening = _OPENING.match(data, at)
            end = data.find(b"</Coordinates>", opening.end()) if opening else -1
            closing = _CLOSING.match(data, end) if end >= 0 else None
            if opening is None or closing is None or self._properties(opening.groups()) is None:
                continue
            count = self._places(data[opening.end() : end])
            if count == 0:
                continue
            before = data[done:at]
            if not runs or not (before.isspace() or not before):
                left += (_checked(before), self._marker(len(runs)))
                runs.append(len(heads))
            heads.append(opening.groups())
            counts.append(count)
            done = place = closing.end()
        left.append(_checked(data[done:]))
        if heads:
            self._take(heads, counts, runs)
        return b"".join(left)

    def _marker(self, ahead: int) -> bytes:
        return b'<Annotation %b="%d"/>' % (MARKER.encode(), len(self.runs) + ahead)

    def _places(self, block: bytes) -> int:
        """Take in a list of coordinates.

        Returns
        -------
        int
            How many there are; 0 where there is anything else among them, and none is taken in.
        """
        waiting, ready = len(self._texts), len(self._numbers)
        start = count = 0
        while start < len(block):
            end = block.find(_FIRST, start + _PIECE_BYTES)
            end = end if end >= 0 else len(block)
            values = self._values(block[start:end], count)
            if values is None:
                if len(self._numbers) != ready:  # some of it has become numbers already
                    raise NotPlainError
                del self._texts[waiting:]
                return 0
            count += len(values) // 3
            self._texts += values
            if len(self._texts) > _MOST_WAITING:
                self._make_numbers()
            start = end
        return count

    def _make_numbers(self) -> None:
        try:
            found = np.fromiter(map(float, self._texts), np.float64, len(self._texts))
        except ValueError as error:
            raise NotPlainError from error
        self._numbers.append(found.reshape(-1, 3)[:, 1:])
        self._texts = []

    def _values(self, block: bytes, ahead: int) -> list[bytes] | None:
        """Order, X and Y of each coordinate, one after the other; None where there is more."""
        fields = block.split(b'"')
        count, over = divmod(len(fields) - 1, 6)
        if over or not count:
            return None
        tags, values = fields[0::2], fields[1::2]
        between = tags[3:-1:3]
        if (
            tags[0] != _FIRST
            or tags[1::3].count(b" X=") != count
            or tags[2::3].count(b" Y=") != count
            or (between and not self._is_between(between))
            or not _LAST.fullmatch(tags[-1])
        ):
            return None
        if ahead:
            orders = [b"%d" % order for order in range(ahead, ahead + count)]
        else:
            self._orders += [b"%d" % order for order in range(len(self._orders), count)]
            orders = self._orders[:count]
        return values if values[0::3] == orders else None

    def _is_between(self, found: list[bytes]) -> bool:
        first = found[0]
        if first not in self._betweens:
            self._betweens[first] = _BETWEEN.fullmatch(first) is not None
        return self._betweens[first] and found.count(first) == len(found)

    def _properties(self, head: tuple[bytes, ...]) -> tuple[Kind, str | None, str] | None:
        """Kind, group and colour; None where the kind is none that ASAP knows."""
        key = head[1:]
        if key not in self._known:
            kind, group, colour = (_text(it) for it in key)
            is_known = isinstance(named := kind_named(decoded(kind)), Kind)
            own = None if group == UNGROUPED else decoded_group(group)
            self._known[key] = (Kind(named), own, colour) if is_known else None
        return self._known[key]

    def _take(
        self,
        heads: list[tuple[bytes, ...]],
        counts: list[int],
        runs: list[int],
    ) -> None:
        """Make annotations of what was found."""
        self._count += len(heads)
        if self._count > MOST_ANNOTATIONS:
            raise NotPlainError
        self._make_numbers()
        points = np.concatenate(self._numbers)
        if not are_places(points).all():
            raise NotPlainError
        points.setflags(write=False)  # and so are all parts of it
        ids = os.urandom(16 * len(heads)).hex()
        made: list[Annotation] = []
        start = 0
        for number, (head, count) in enumerate(zip(heads, counts, strict=True)):
            properties = self._properties(head)
            assert properties is not None
            kind, group, colour = properties
            own_id = ids[32 * number : 32 * number + 32]
            mine, start = points[start : start + count], start + count
            name = decoded(_text(head[0]))
            made.append(Annotation(name, kind, mine, group, colour, _NOTHING, own_id))
        for first, end in zip(runs, [*runs[1:], len(made)], strict=True):
            self.runs.append(made[first:end])


def _text(value: bytes) -> str:
    """An attribute's value as text."""
    try:
        text = value.decode()
    except UnicodeDecodeError as error:
        raise NotPlainError from error
    if "\ufffe" in text or "\uffff" in text:
        raise NotPlainError
    return text


def _checked(data: bytes) -> bytes:
    """What the XML parser gets, in which nothing may stand that could be around a marker."""
    if b"<!" in data or b"<?" in data or MARKER.encode() in data:
        raise NotPlainError
    return data
