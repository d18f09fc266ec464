"""QuPath's GeoJSON: read all its spellings; write what QuPath takes whole.

The rules are those of QuPath's own reader and writer (qupath.lib.io, versions 0.2 to 0.5).
"""

from slideviewer.annotations.geojson.reader import read_geojson
from slideviewer.annotations.geojson.writer import write_geojson

__all__ = ["read_geojson", "write_geojson"]
