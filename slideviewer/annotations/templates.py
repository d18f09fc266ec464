"""Sets of groups to begin with, as known projects use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from slideviewer.annotations.model import Group


@dataclass(frozen=True)
class Template:
    """Groups under a name.

    Attributes
    ----------
    name : str
    groups : tuple of Group
        Outer ones may come before or after those inside them.
    """

    name: str
    groups: tuple[Group, ...]

    @classmethod
    def of(cls, name: str, groups: Mapping[str, Group]) -> Template:
        """The groups of a document, without what its file kept beside them."""
        return cls(name, tuple(replace(group, extra={}) for group in groups.values()))

    def missing_from(self, groups: Mapping[str, Group]) -> tuple[Group, ...]:
        """Those that are not among some groups yet; what is there stays as it is."""
        return tuple(group for group in self.groups if group.name not in groups)


BUILT_IN = (
    Template(
        "Camelyon16: Tumor, _0, _1, _2",
        (
            Group("Tumor", colour="#1450FF"),
            Group("_0", colour="#00A0FF"),
            Group("_1", colour="#7A5CFF"),
            Group("_2", colour="#F4A000"),
        ),
    ),
    Template(
        "Camelyon17: metastases, normal",
        (Group("metastases", colour="#1450FF"), Group("normal", colour="#2FA84F")),
    ),
    Template(
        "Tissue: tissue, background, artifact",
        (
            Group("tissue", colour="#2FA84F"),
            Group("background", colour="#8A8A8A"),
            Group("artifact", colour="#C77B00"),
        ),
    ),
)
"""The names are those of the data sets' own files: of Camelyon16, ``Tumor``, ``_0`` and ``_1`` are
tumour and ``_2`` is left out of it. The colours are ours, easy to tell apart, and none is the red
of predictions."""
