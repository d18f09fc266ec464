"""Annotations: values, their shapes, and the files they are read from and written to."""

from slideviewer.annotations.asap import (
    asap_attributes,
    read_asap,
    recover_asap,
    with_asap_attributes,
    with_only_asap_attributes,
    write_asap,
)
from slideviewer.annotations.formats import (
    FORMATS,
    READ_SUFFIXES,
    Format,
    format_in,
    format_of,
    is_annotation_file,
    read_annotations,
    write_annotations,
)
from slideviewer.annotations.frame import SlideFrame
from slideviewer.annotations.geojson import read_geojson, write_geojson
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

__all__ = [
    "DEFAULT_COLOUR",
    "DEFAULT_GROUP_COLOUR",
    "FORMATS",
    "READ_SUFFIXES",
    "Annotation",
    "AnnotationSet",
    "Format",
    "Group",
    "Kind",
    "Loaded",
    "Points",
    "SlideFrame",
    "area",
    "as_points",
    "as_polygon",
    "asap_attributes",
    "contains",
    "format_in",
    "format_of",
    "is_annotation_file",
    "outline",
    "read_annotations",
    "read_asap",
    "read_geojson",
    "recover_asap",
    "with_asap_attributes",
    "with_extension",
    "with_only_asap_attributes",
    "write_annotations",
    "write_asap",
    "write_geojson",
    "write_safely",
]
