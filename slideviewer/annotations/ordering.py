"""Where some annotations stand among all: a hundred thousand are looked through in no time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import compress, islice
from types import MappingProxyType

_FEW = 3
"""So many ids are looked for one by one sooner than all together."""


def places_of(ids: list[str], wanted: Iterable[str]) -> list[int]:
    """Where some ids stand among others, from the first to the last.

    Parameters
    ----------
    ids : list of str
        In their order; none of them twice.
    wanted : iterable of str
        Those that are not among them have no place.
    """
    looked_for = frozenset(wanted)
    if len(looked_for) > _FEW:
        return list(compress(range(len(ids)), map(looked_for.__contains__, ids)))
    found: list[int] = []
    for each in looked_for:
        with suppress(ValueError):
            found.append(ids.index(each))
    return sorted(found)


def last_of(known: Mapping[str, object], count: int) -> list[str]:
    """The last ids of a mapping, in its order."""
    if isinstance(known, dict | MappingProxyType):
        return [*islice(reversed(known), count)][::-1]
    return [*known][max(0, len(known) - count) :]
