"""What every format must see to: each group in use is declared, and none contains itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from slideviewer.annotations.model import Group


def with_declared(groups: Iterable[Group], used: Iterable[str | None]) -> dict[str, Group]:
    """All groups by name, with a plain one for each name in use that none of them bears.

    Parameters
    ----------
    groups : iterable of Group
        Those declared; they come first, in their order.
    used : iterable of str or None
        The groups that annotations belong to. Parents of groups count as used too.
    """
    declared = {group.name: group for group in groups}
    parents = [group.parent for group in declared.values()]
    for name in (*parents, *used):
        if name is not None and name not in declared:
            declared[name] = Group(name)
    return declared


def without_cycles(groups: dict[str, Group]) -> tuple[dict[str, Group], tuple[str, ...]]:
    """The groups with every cycle of parents cut open, and the names of those cut loose."""
    kept, settled, loose = dict(groups), set[str](), list[str]()
    for start in groups:
        path: dict[str, None] = {}
        name: str | None = start
        while name is not None and name in kept and name not in settled:
            if name in path:
                kept[name] = replace(kept[name], parent=None)
                loose.append(name)
                break
            path[name] = None
            name = kept[name].parent
        settled.update(path)
    return kept, tuple(loose)
