"""What specialists draw, and the files it is kept in."""

from slideviewer.annotations.asap import read_asap, recover_asap, write_asap
from slideviewer.annotations.loaded import Loaded
from slideviewer.annotations.model import (
    DEFAULT_COLOUR,
    DEFAULT_GROUP_COLOUR,
    Annotation,
    AnnotationSet,
    Group,
    Kind,
    Points,
    as_points,
)
from slideviewer.annotations.outline import area, as_polygon, contains, outline
from slideviewer.annotations.saving import with_extension, write_safely

read_annotations, write_annotations = read_asap, write_asap

__all__ = [
    "DEFAULT_COLOUR",
    "DEFAULT_GROUP_COLOUR",
    "Annotation",
    "AnnotationSet",
    "Group",
    "Kind",
    "Loaded",
    "Points",
    "area",
    "as_points",
    "as_polygon",
    "contains",
    "outline",
    "read_annotations",
    "read_asap",
    "recover_asap",
    "with_extension",
    "write_annotations",
    "write_asap",
    "write_safely",
]
