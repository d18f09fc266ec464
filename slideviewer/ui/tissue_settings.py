"""How tissue is told from glass, as the user set it last."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slideviewer.slide.tissue_colours import TissueParameters
from slideviewer.ui import settings
from slideviewer.ui.settings import Setting

USUAL = TissueParameters()


@dataclass(frozen=True)
class Field:
    """One parameter of the tissue and how the user sets it.

    Attributes
    ----------
    name : str
        Of the attribute of `TissueParameters`.
    words, tip : str
    highest : int
    step : int
    unit : str
    """

    name: str
    words: str
    tip: str
    highest: int = 255
    step: int = 1
    unit: str = ""

    @property
    def setting(self) -> Setting[int]:
        """Where it is kept."""
        usual = round(getattr(USUAL, self.name))
        return Setting(f"tissue_{self.name}", usual, highest=self.highest)


FIELDS = (
    Field(
        "lowest_saturation",
        "Paler than this is glass",
        "Saturation, 0 to 255. Lower it if pale tissue is missed, raise it if glass counts as "
        "tissue.",
    ),
    Field(
        "highest_saturation",
        "More colourful than this is tissue",
        "Between the two the program finds the limit by itself (Otsu's method).",
    ),
    Field("black_value", "Darker than this is black", "Padding and the slide's edge, 0 to 255."),
    Field(
        "margin_um",
        "Margin around pen",
        "How far the pale rim of a pen stroke reaches; in fluorescence, how far tissue reaches "
        "around what glows.",
        1000,
        10,
        "µm",
    ),
    Field("min_speck_um2", "Leave out specks below", "Dust and debris.", 10_000_000, 1000, "µm²"),
    Field("max_hole_um2", "Close holes below", "Vessels, tears and fat.", 10_000_000, 1000, "µm²"),
)

LEAVE_OUT_PEN = Setting("tissue_leave_out_pen", USUAL.leave_out_pen)
PEN_WORDS = "Leave out what has the colours of felt pens"
PEN_TIP = "Turn it off for stains that are themselves green or strongly blue (trichrome)."


def tissue_parameters() -> TissueParameters:
    """What is set now."""
    values = {
        field.name: type(getattr(USUAL, field.name))(settings.read(field.setting))
        for field in FIELDS
    }
    return replace(USUAL, leave_out_pen=settings.read(LEAVE_OUT_PEN), **values)
