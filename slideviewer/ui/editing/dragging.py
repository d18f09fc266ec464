"""What is dragged within the window: annotations out of the list, and groups."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QMimeData

ANNOTATIONS = "application/x-slideviewer-annotation-ids"
GROUP = "application/x-slideviewer-group"


def dragged_annotations(ids: Iterable[str]) -> QMimeData:
    """Annotations of this window's document, to be dropped on a group."""
    return _mime(ANNOTATIONS, list(ids))


def dragged_group(name: str) -> QMimeData:
    """A group, to be dropped on another one."""
    return _mime(GROUP, name)


def annotations_in(dragged: QMimeData) -> list[str]:
    """The annotations that are dragged; none where it is something else."""
    return list(_content(dragged, ANNOTATIONS)) if dragged.hasFormat(ANNOTATIONS) else []


def group_in(dragged: QMimeData) -> str | None:
    """The group that is dragged, if it is one."""
    return str(_content(dragged, GROUP)) if dragged.hasFormat(GROUP) else None


def _mime(kind: str, content: object) -> QMimeData:
    mime = QMimeData()
    mime.setData(kind, json.dumps(content).encode())
    return mime


def _content(dragged: QMimeData, kind: str) -> Any:
    return json.loads(bytes(dragged.data(kind).data()))
