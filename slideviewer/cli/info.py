"""`slideviewer info`: what a slide file holds."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from slideviewer.cli.telling import path_given
from slideviewer.slide import Channel, Slide, Spacing, UnknownSpacing, open_slide

OBJECTIVE_UM_PX = 10.0
"""By convention a 40x scan has 0.25 µm per pixel, a 20x scan 0.5: magnification times spacing."""


def info(
    slide: Annotated[str, typer.Argument(metavar="SLIDE", help="A slide or picture.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print JSON, with all the file says of itself.")
    ] = False,
) -> None:
    """Show a slide's size, levels, spacing, channels and associated images.

    Examples: slideviewer info tumor_009.tif; slideviewer info a.svs --json
    """
    with closing(open_slide(path_given(slide))) as opened:
        if as_json:
            typer.echo(json.dumps(facts(opened), indent=2))
        else:
            Console(soft_wrap=True).print(_table(opened))


def facts(slide: Slide) -> dict[str, Any]:
    """Gather what is known of a slide, ready for JSON.

    Returns
    -------
    dict
        Sizes and bounds are in level-0 pixels; ``spacing_um_px`` and ``magnification`` are None
        where the spacing is unknown, and ``spacing_unknown_because`` then says why. Channels have
        their colour as "#rrggbb" and the range that is shown at first, in the pixels' own numbers.
    """
    spacing, bounds = slide.spacing, slide.bounds
    known = spacing if isinstance(spacing, Spacing) else None
    return {
        "path": str(slide.path),
        "vendor": slide.vendor,
        "width": slide.pyramid.width,
        "height": slide.pyramid.height,
        "levels": [
            {"width": level.width, "height": level.height, "downsample": level.downsample}
            for level in slide.pyramid.levels
        ],
        "tile_size": slide.pyramid.tile_size,
        "spacing_um_px": {"x": known.x_um_px, "y": known.y_um_px} if known else None,
        "spacing_unknown_because": spacing.reason if isinstance(spacing, UnknownSpacing) else None,
        "magnification": OBJECTIVE_UM_PX / known.um_px if known else None,
        "bounds": {
            "x": bounds.x,
            "y": bounds.y,
            "width": bounds.width,
            "height": bounds.height,
        },
        "channels": [
            {
                "name": channel.name,
                "colour": _hexadecimal(channel),
                "lowest": channel.lowest,
                "highest": channel.highest,
            }
            for channel in slide.channels
        ],
        "associated_images": list(slide.associated_names),
        "properties": dict(slide.properties),
    }


def _table(slide: Slide) -> Table:
    bounds, spacing = slide.bounds, slide.spacing
    rows = {
        "Path": str(slide.path),
        "Format": slide.vendor,
        "Size": f"{slide.pyramid.width:,} x {slide.pyramid.height:,} px",
    }
    if isinstance(spacing, Spacing):
        rows["Spacing"] = f"{spacing.x_um_px:.4g} x {spacing.y_um_px:.4g} µm/px"
        rows["Magnification"] = f"about {OBJECTIVE_UM_PX / spacing.um_px:.3g}x"
    else:
        rows["Spacing"] = f"unknown: {spacing.reason}"
    if bounds == slide.pyramid.extent:
        rows["Scanned part"] = "all"
    else:
        rows["Scanned part"] = (
            f"{bounds.width:,.0f} x {bounds.height:,.0f} px from ({bounds.x:,.0f}, {bounds.y:,.0f})"
        )
    rows["Associated images"] = ", ".join(slide.associated_names) or "none"
    for number, level in enumerate(slide.pyramid.levels):
        size = f"{level.width:,} x {level.height:,} px"
        rows[f"Level {number}"] = f"{size}, downsample {level.downsample:.4g}"
    for number, channel in enumerate(slide.channels, start=1):
        shown = f"shown from {channel.lowest:.6g} to {channel.highest:.6g}"
        rows[f"Channel {number}"] = f"{channel.name}, {_hexadecimal(channel)}, {shown}"
    table = Table.grid(padding=(0, 2))
    for name, words in rows.items():
        # Text, not markup: a file may be named with square brackets.
        table.add_row(Text(name, style="bold"), Text(words, overflow="fold"))
    return table


def _hexadecimal(channel: Channel) -> str:
    return f"#{bytes(channel.colour).hex()}"
