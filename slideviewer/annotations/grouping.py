"""Groups as a tree: what every format must see to, and what can be done with a whole group."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

from slideviewer.annotations.model import Annotation, AnnotationSet, Group


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


def inner_groups(groups: Mapping[str, Group]) -> dict[str | None, tuple[str, ...]]:
    """The names of the groups directly inside each group, in file order; None holds the outermost.

    A group whose parent is not declared, or that a chain of parents leads back to, counts as an
    outermost one, so that every group stands in the tree once.
    """
    sound, _ = without_cycles(dict(groups))
    found: dict[str | None, list[str]] = {None: []}
    for group in sound.values():
        parent = group.parent if group.parent in sound else None
        found.setdefault(parent, []).append(group.name)
    return {parent: tuple(names) for parent, names in found.items()}


def branch(groups: Mapping[str, Group], name: str) -> tuple[str, ...]:
    """A group and all groups inside it, outer ones first."""
    inner = inner_groups(groups)
    names = [name]
    for outer in names:
        names.extend(inner.get(outer, ()))
    return tuple(names)


def next_group_name(groups: Mapping[str, Group]) -> str:
    """The name that ASAP would give a new group: ``Annotation Group N``, N beyond all in use."""
    numbers = (re.fullmatch(r"Annotation Group (\d+)", name) for name in groups)
    last = max((int(number[1]) for number in numbers if number), default=-1)
    return f"Annotation Group {last + 1}"


def with_group_renamed(annotations: AnnotationSet, name: str, new_name: str) -> AnnotationSet:
    """A set in which a group, its members and its inner groups follow a new name.

    Where a group of the new name exists already, the two become one, with its properties.
    """
    known = annotations.groups
    if name == new_name or name not in known:
        return annotations
    renamed = replace(known[name], name=new_name)
    if new_name in known:
        renamed = known[new_name]
        if name in annotations.lineage(new_name):
            renamed = replace(renamed, parent=known[name].parent)
    groups = {
        group.name: replace(group, parent=new_name) if group.parent == name else group
        for group in known.values()
        if group.name != new_name
    }
    groups = {new_name if key == name else key: group for key, group in groups.items()}
    groups[new_name] = renamed
    return _with_members_moved(annotations, name, new_name, groups)


def with_group_moved(annotations: AnnotationSet, name: str, parent: str | None) -> AnnotationSet:
    """A set in which a group lies inside another one, or is an outermost one.

    Raises
    ------
    ValueError
        The other one is the group itself or lies inside it.
    """
    if parent is not None and parent in branch(annotations.groups, name):
        raise ValueError(f"the group {name!r} cannot lie inside {parent!r}, which it contains")
    return annotations.with_group(replace(annotations.groups[name], parent=parent))


def without_group(annotations: AnnotationSet, name: str) -> AnnotationSet:
    """A set without a group; its members and inner groups move to the group around it."""
    if name not in annotations.groups:
        return annotations
    parent = annotations.groups[name].parent
    groups = {
        group.name: replace(group, parent=parent) if group.parent == name else group
        for group in annotations.groups.values()
        if group.name != name
    }
    return _with_members_moved(annotations, name, parent, groups)


def without_branch(annotations: AnnotationSet, name: str) -> AnnotationSet:
    """A set without a group, the groups inside it and the annotations of them all."""
    gone = frozenset(branch(annotations.groups, name))
    left = {key: group for key, group in annotations.groups.items() if key not in gone}
    members = {it.id: None for it in annotations if it.group in gone}
    return replace(annotations.with_changes(members), groups=MappingProxyType(left))


def regrouped(
    annotations: AnnotationSet, ids: Iterable[str], group: str | None
) -> dict[str, Annotation]:
    """Those of some annotations that are not in a group yet, by id, as members of it."""
    chosen = (annotations[key] for key in ids)
    return {it.id: replace(it, group=group) for it in chosen if it.group != group}


def changes_between(before: AnnotationSet, after: AnnotationSet) -> dict[str, Annotation | None]:
    """What an edit has to say to get from one set to another made of it.

    Annotations that both hold as one and the same value count as unchanged.
    """
    old, new = before.annotations, after.annotations
    changes: dict[str, Annotation | None] = {key: None for key in old if key not in new}
    changes.update((key, it) for key, it in new.items() if old.get(key) is not it)
    return changes


def _with_members_moved(
    annotations: AnnotationSet, name: str, into: str | None, groups: dict[str, Group]
) -> AnnotationSet:
    """A set of other groups, in which the members of one group belong to another one or to none."""
    members = {it.id: replace(it, group=into) for it in annotations if it.group == name}
    return replace(annotations.with_changes(members), groups=MappingProxyType(groups))
