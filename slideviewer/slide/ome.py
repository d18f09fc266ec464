"""What an OME-XML header says of the images in its TIFF file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from slideviewer.slide.channel_colours import Label
from slideviewer.slide.channels import Colour
from slideviewer.slide.xml_header import local_name, parse_header

MAX_CHANNELS = 1024
"""A header that claims more is not believed."""


@dataclass(frozen=True)
class OmeImage:
    """One image of the file, at its first depth and time.

    Attributes
    ----------
    name : str
    width, height : int
    depths, times : int
        How many planes there are along z and t; those after the first are left out.
    samples : int
        Numbers for each pixel of a plane: 3 for RGB.
    labels : tuple of Label
        One for each plane.
    pages : tuple of int or None
        The page of each plane, None where another file holds it.
    spacing_words : str
        The beginning of a header with this image's size of pixels alone.
    """

    name: str
    width: int
    height: int
    depths: int
    times: int
    samples: int
    labels: tuple[Label, ...]
    pages: tuple[int | None, ...]
    spacing_words: str = ""


def ome_images(header: str, file_name: str) -> tuple[OmeImage, ...]:
    """Read an OME-XML header as the schema of 2016-06 has it, and the earlier ones alike.

    Parameters
    ----------
    header : str
        The first page's ImageDescription.
    file_name : str
        The file's own name: planes that are said to be in another are not in this one.

    Returns
    -------
    tuple of OmeImage
        Empty where this is no OME header, or a part of one kept elsewhere. Images that make no
        sense are left out.
    """
    root = parse_header(header) if "<OME" in header or ":OME" in header else None
    if root is None or local_name(root) != "OME":
        return ()
    images = []
    for element in _children(root, "Image"):
        try:
            pixels = next(_children(element, "Pixels"))
            images.append(_image(element.get("Name", ""), pixels, root.get("UUID"), file_name))
        except (StopIteration, KeyError, ValueError):
            continue
    return tuple(images)


def _children(element: Any, name: str) -> Iterator[Any]:
    return (child for child in element if local_name(child) == name)


def _image(name: str, pixels: Any, own_uuid: str | None, file_name: str) -> OmeImage:
    sizes = {axis: int(pixels.attrib[f"Size{axis}"]) for axis in "XYZCT"}
    channels = list(_children(pixels, "Channel"))
    samples = int(channels[0].get("SamplesPerPixel", 1)) if channels else 1
    if min(sizes.values()) < 1 or samples < 1 or sizes["C"] > MAX_CHANNELS:
        raise ValueError(f"nonsense sizes: {sizes}")
    if any(int(channel.get("SamplesPerPixel", 1)) != samples for channel in channels):
        raise ValueError("channels of several kinds")
    planes = sizes["C"] // samples
    stated = " ".join(
        f'{name}="{value}"' for name, value in pixels.attrib.items() if "PhysicalSize" in name
    )
    labels = [Label(channel.get("Name", ""), _colour(channel)) for channel in channels[:planes]]
    labels += [Label()] * (planes - len(labels))
    return OmeImage(
        name=name,
        width=sizes["X"],
        height=sizes["Y"],
        depths=sizes["Z"],
        times=sizes["T"],
        samples=samples,
        labels=tuple(labels),
        pages=_pages(pixels, {**sizes, "C": planes}, own_uuid, file_name),
        spacing_words=f"<OME><Pixels {stated}>",
    )


def _colour(channel: Any) -> Colour | None:
    """Take red, green and blue out of one signed number; the lowest byte is the opacity."""
    try:
        number = int(channel.attrib["Color"]) & 0xFFFFFFFF
    except (KeyError, ValueError):
        return None
    return number >> 24, number >> 16 & 255, number >> 8 & 255


def _pages(
    pixels: Any, sizes: dict[str, int], own_uuid: str | None, file_name: str
) -> tuple[int | None, ...]:
    steps, count = {}, 1
    for axis in pixels.attrib["DimensionOrder"].removeprefix("XY"):
        steps[axis] = count
        count *= sizes[axis]
    wanted = {channel * steps["C"]: channel for channel in range(sizes["C"])}
    pages: list[int | None] = [None] * sizes["C"]
    blocks = list(_children(pixels, "TiffData"))
    if not blocks:
        return tuple(wanted)
    places = [next(_children(block, "UUID"), None) for block in blocks]
    names = {place.get("FileName") for place in places if place is not None}
    for block, place in zip(blocks, places, strict=True):
        if place is not None and len(names) > 1:
            is_own = place.text == own_uuid if own_uuid else place.get("FileName") == file_name
            if not is_own:
                continue
        start = sum(int(block.get(f"First{axis}", 0)) * steps[axis] for axis in "ZCT")
        page = int(block.get("IFD", 0))
        length = float(block.get("PlaneCount", 1 if "IFD" in block.attrib else inf))
        # Files of a million planes have a block for each: few are worth a closer look.
        if length == 1:
            if start in wanted:
                pages[wanted[start]] = page
            continue
        for place_wanted, channel in wanted.items():
            if start <= place_wanted < start + length:
                pages[channel] = page + place_wanted - start
    return tuple(pages)
