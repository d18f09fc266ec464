"""Finding words in the guide."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

EXCERPT = 120
"""Characters shown around the first word that was found."""

_HEADING = re.compile(r"^(#{1,4}) +(.+)$", re.MULTILINE)
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_RULE = re.compile(r"^[|\s:-]+$", re.MULTILINE)
_MARKS = re.compile(r"[*`]|^[#>-]+ |^\d+\. ", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """A heading of a page and what stands under it.

    Attributes
    ----------
    page, title : str
        The page's name and title.
    heading : str
        The page's title again for what stands at its top.
    anchor : str
        Where the heading is on the page.
    text : str
        Without any marks.
    """

    page: str
    title: str
    heading: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Hit:
    """A section that has all the words, and some of its text."""

    section: Section
    excerpt: str


def anchor_of(heading: str) -> str:
    """The name of a heading in links: "Go to a place" is `go-to-a-place`."""
    return re.sub(r"[^\w]+", "-", plain(heading).casefold()).strip("-")


def plain(markdown: str) -> str:
    """The words of some Markdown, all on one line."""
    text = _LINK.sub(r"\1", _PICTURE.sub("", markdown))
    text = _MARKS.sub("", _RULE.sub("", text)).replace("|", " ")
    return " ".join(text.split())


def sections_of(page: str, title: str, markdown: str) -> list[Section]:
    """A page in pieces, one a heading."""
    found = list(_HEADING.finditer(markdown))
    starts = [0, *(match.end() for match in found)]
    ends = [*(match.start() for match in found), len(markdown)]
    headings = [title, *(plain(match[2]) for match in found)]
    return [
        Section(page, title, heading, anchor_of(heading), plain(markdown[start:end]))
        for heading, start, end in zip(headings, starts, ends, strict=True)
        if markdown[start:end].strip() or start
    ]


def search(sections: Iterable[Section], query: str) -> list[Hit]:
    """The sections in which every word of a query stands, those that name it in a heading first.

    Parameters
    ----------
    sections : iterable of Section
    query : str
        Words, or beginnings and parts of words, in any order.
    """
    words = query.casefold().split()
    if not words:
        return []
    hits = []
    for number, section in enumerate(sections):
        heading, text = section.heading.casefold(), section.text.casefold()
        if all(word in text or word in heading for word in words):
            weight = sum(100 * (word in heading) + text.count(word) for word in words)
            hits.append((-weight, number, Hit(section, _excerpt(section.text, words))))
    return [hit for _, _, hit in sorted(hits, key=lambda ranked: ranked[:2])]


def _excerpt(text: str, words: list[str]) -> str:
    places = [text.casefold().find(word) for word in words]
    first = min((place for place in places if place >= 0), default=0)
    start = max(0, first - EXCERPT // 3)
    if start:
        start = text.find(" ", start) + 1
    end = min(len(text), start + EXCERPT)
    if end < len(text):
        end = max(text.rfind(" ", start, end), first + 1)
    return ("… " if start else "") + text[start:end] + (" …" if end < len(text) else "")
