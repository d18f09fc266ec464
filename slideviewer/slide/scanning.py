"""With what a slide was scanned, as its file says it."""

from __future__ import annotations

from slideviewer.slide.slide import Slide

OBJECTIVE_KEYS = ("openslide.objective-power", "aperio.AppMag", "hamamatsu.SourceLens")
SCANNER_KEYS = (
    *("aperio.ScanScope ID", "hamamatsu.Product", "hamamatsu.NDP.S/N", "mirax.GENERAL.SLIDE_TYPE"),
    *("leica.device-model", "ventana.ScannerModel", "philips.DICOM_MANUFACTURERS_MODEL_NAME"),
    *("dicom.ManufacturerModelName", "dicom.Manufacturer", "tiff.Model", "tiff.Make"),
)
"""Where the formats say with what a slide was scanned; the first one that is there counts."""


def scanner_of(slide: Slide) -> str:
    """What the scanner is called; empty where the file does not say."""
    return _first(slide, SCANNER_KEYS)


def objective_of(slide: Slide) -> str:
    """The objective's magnification; empty where the file does not say."""
    return _first(slide, OBJECTIVE_KEYS)


def _first(slide: Slide, keys: tuple[str, ...]) -> str:
    return next((slide.properties[key] for key in keys if slide.properties.get(key)), "")
