"""Which pages of a TIFF file are levels, channels, or pictures beside the slide."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import tifffile

from slideviewer.slide.channel_colours import RED_GREEN_BLUE_LABELS, Label
from slideviewer.slide.ome import OmeImage, ome_images
from slideviewer.slide.picture import ORIENTATION, UPRIGHT
from slideviewer.slide.qptiff import is_qptiff, qptiff_page
from slideviewer.slide.tile_decoding import PALETTE, RGB, YCBCR

Planes = tuple[tifffile.TiffPage, ...]
"""The pages of one level, one a plane, all of one size and kind."""

MAX_PAGES = 4096
"""So many pages are searched for levels; slides of sixty stains have five hundred, and stacks of
any number of planes are not to be read from end to end."""

NUMBERS = ("uint8", "uint16", "float32")
"""What channels are made of."""

REDUCED = 1
"""The bit of NewSubfileType (tag 254) that marks a smaller copy of another page."""

_BESIDE = {"label": "label", "macro": "macro", "overview": "macro", "thumbnail": "thumbnail"}
"""Words in the names of an OME file's other images, and OpenSlide's names for such pictures."""


@dataclass(frozen=True, eq=False)
class Layout:
    """How a slide or picture is laid out over the pages of its TIFF file.

    Attributes
    ----------
    vendor : str
        "ome-tiff", "qptiff" or "generic-tiff".
    levels : tuple of tuple of TiffPage
        Level 0 first.
    labels : tuple of Label
        One for each plane, or for each sample of the only one; empty for pictures of 8 bits in
        grey or colour.
    is_colour : bool
        Whether the channels are red, green and blue.
    associated : mapping of str to int
        Page numbers of the pictures beside the slide.
    spacing_words : str
        The part of an OME header that states the spacing of the image shown; may be empty.
    notices : tuple of str
        What of the file is not shown, for the user.
    """

    vendor: str
    levels: tuple[Planes, ...]
    labels: tuple[Label, ...] = ()
    is_colour: bool = False
    associated: Mapping[str, int] = field(default_factory=dict)
    spacing_words: str = ""
    notices: tuple[str, ...] = ()


def is_ordinary(page: tifffile.TiffPage) -> bool:
    """Tell from a file's first page that it has neither channels nor a layout of its own."""
    description = page.description
    return (
        int(page.bitspersample) <= 8
        and int(page.samplesperpixel) <= 4
        and "OME" not in description
        and not is_qptiff(description)
    )


def has_opacity(page: tifffile.TiffPage) -> bool:
    """Tell whether a sample of the page is no colour but opacity (ExtraSamples, tag 338)."""
    return bool({int(kind) for kind in page.extrasamples} & {1, 2})


def orientation(page: tifffile.TiffPage) -> int:
    """Tell which way up a page is stored, by the numbers of `slideviewer.slide.picture.upright`."""
    return int(page.tags.valueof(ORIENTATION, UPRIGHT))


def find_layout(file: tifffile.TiffFile, name: str) -> Layout:
    """Find out what the pages of a TIFF file are to each other.

    OME-TIFF: the image with the most pixels, at its first depth and time; its levels are SubIFDs,
    or later pages marked as reduced. QPTIFF (PerkinElmer, Akoya): as the pages' own headers say.
    Others, and files whose header contradicts their pages: the first page, with its SubIFDs or
    reduced pages.

    Parameters
    ----------
    file : TiffFile
    name : str
        The file's name, which OME headers refer to.
    """
    first = file.pages.first
    images = ome_images(first.description, name)
    layout = _ome(file, images) if images else None
    if layout is None and is_qptiff(first.description):
        layout = _qptiff(file)
    if layout is None:
        layout = _layout("generic-tiff", _with_reduced(file, (first,), {0}), [Label()])
    return layout


def _ome(file: tifffile.TiffFile, images: Sequence[OmeImage]) -> Layout | None:
    here = [image for image in images if any(page is not None for page in image.pages)]
    if not here:
        return None
    image = max(here, key=lambda image: image.width * image.height)
    notices = [
        f"of {count} {what} only the first is shown"
        for count, what in ((image.depths, "depths"), (image.times, "times"))
        if count > 1
    ]
    pages = [None if number is None else _page(file, number) for number in image.pages]
    first = next((page for page in pages if page is not None), None)
    if first is None:
        return None
    found = {
        place: page
        for place, page in enumerate(pages)
        if page is not None and _kind(page) == _kind(first)
    }
    if int(first.samplesperpixel) > 1 and len(found) > 1:
        notices.append(f"of {len(found)} colour pictures only the first is shown")
        found = {place: page for place, page in found.items() if page is first}
    elif len(found) < len(pages):
        missing = len(pages) - len(found)
        notices.append(f"{missing} of {len(pages)} channels are not here, or of another kind")
    return _layout(
        "ome-tiff",
        _with_reduced(
            file,
            tuple(found.values()),
            {number for other in images for number in other.pages if number is not None},
        ),
        [image.labels[place] for place in found],
        associated={
            known: other.pages[0]
            for other in here
            for word, known in _BESIDE.items()
            if other is not image and word in other.name.casefold() and other.pages[0] is not None
        },
        spacing_words=image.spacing_words,
        notices=tuple(notices),
    )


def _qptiff(file: tifffile.TiffFile) -> Layout:
    first = file.pages.first
    sizes: dict[tuple[int, int], list[tifffile.TiffPage]] = {}
    associated: dict[str, int] = {}
    for number, page in enumerate(_main_pages(file)):
        beside = qptiff_page(page.description).beside
        if beside:
            associated.setdefault(beside, number)
        elif page.is_tiled == first.is_tiled:
            sizes.setdefault((page.imagewidth, page.imagelength), []).append(page)
    levels = [tuple(pages) for _, pages in sorted(sizes.items(), reverse=True)]
    planes = tuple(page for page in levels[0] if _kind(page) == _kind(levels[0][0]))
    labels = [qptiff_page(page.description).label for page in planes]
    return _layout("qptiff", _fitting((planes, *levels[1:])), labels, associated=associated)


def _layout(
    vendor: str,
    levels: tuple[Planes, ...],
    labels: Sequence[Label],
    *,
    associated: Mapping[str, int] | None = None,
    spacing_words: str = "",
    notices: tuple[str, ...] = (),
) -> Layout:
    page = levels[0][0]
    samples, is_deep = int(page.samplesperpixel), int(page.bitspersample) > 8
    is_colour = page.photometric in (RGB, YCBCR) and samples == 3
    is_stained = vendor != "generic-tiff" and page.is_tiled  # even one grey channel
    if page.photometric == PALETTE:
        labels = []
    elif len(levels[0]) == 1:
        if not is_deep and (1 < samples <= 4 or (samples == 1 and not is_stained)):
            labels = []
        elif is_colour:
            labels = RED_GREEN_BLUE_LABELS
        elif samples > 1:
            labels = [Label()] * samples
    return Layout(
        vendor,
        levels,
        tuple(labels),
        is_colour and len(levels[0]) == 1,
        associated or {},
        spacing_words,
        notices,
    )


def _with_reduced(file: tifffile.TiffFile, planes: Planes, claimed: set[int]) -> tuple[Planes, ...]:
    """Add the levels that are smaller copies: SubIFDs, or pages after the planes."""
    copies = [plane.pages for plane in planes if plane.subifds]
    if len(copies) == len(planes):
        rows = zip(*(iter(pages) for pages in copies if pages is not None), strict=False)
        return _fitting((planes, *(tuple(page.aspage() for page in row) for row in rows)))
    reduced = [
        page
        for number, page in enumerate(_main_pages(file))
        if number not in claimed and int(page.subfiletype) & REDUCED
    ]
    count = len(planes)
    groups = [tuple(reduced[at : at + count]) for at in range(0, len(reduced), count)]
    return _fitting((planes, *groups))


def _fitting(levels: tuple[Planes, ...]) -> tuple[Planes, ...]:
    """Keep what is a level: as many pages of the same kind as level 0, each smaller in turn."""
    planes, first = levels[0], levels[0][0]
    fitting = [planes]
    for pages in levels[1:]:
        page, above = pages[0], fitting[-1][0]
        ratios = first.imagewidth / page.imagewidth, first.imagelength / page.imagelength
        # Sides are rounded at each halving, which puts them off by a pixel or two of the level.
        off = max(ratios) * (2 / min(page.imagewidth, page.imagelength) + 0.01)
        if (
            len(pages) == len(planes)
            and {_kind(other) for other in pages} == {_kind(page)}
            and _kind(page)[2:4] == _kind(first)[2:4]
            and page.is_tiled == first.is_tiled
            and page.imagewidth < above.imagewidth
            and page.imagelength < above.imagelength
            and abs(ratios[0] - ratios[1]) <= off
        ):
            fitting.append(pages)
    return tuple(fitting)


def _kind(page: tifffile.TiffPage) -> tuple[int, int, str, int, int]:
    return (
        int(page.imagewidth),
        int(page.imagelength),
        str(page.dtype),
        int(page.samplesperpixel),
        int(page.photometric),
    )


def _page(file: tifffile.TiffFile, number: int) -> tifffile.TiffPage | None:
    try:
        return file.pages[number].aspage() if number >= 0 else None
    except IndexError:
        return None


def _main_pages(file: tifffile.TiffFile) -> Iterator[tifffile.TiffPage]:
    for number in range(MAX_PAGES):
        page = _page(file, number)
        if page is None:
            return
        yield page
