"""XML headers of image files, which anyone may have written."""

from __future__ import annotations

from typing import Any

from lxml import etree

MAX_HEADER_CHARACTERS = 2**26
"""A header of 64 million characters describes a million planes; a longer one is not read."""


def parse_header(text: str) -> Any | None:
    """Parse an XML header; nothing in it is expanded, loaded or fetched.

    Parameters
    ----------
    text : str
        What encoding it claims does not count: it is text already.

    Returns
    -------
    lxml element or None
        None where it is no sound XML, is longer than `MAX_HEADER_CHARACTERS`, or declares a
        document type, which no image header needs and attacks are made of.
    """
    if len(text) > MAX_HEADER_CHARACTERS or "<!DOCTYPE" in text:
        return None
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        return etree.fromstring(text.strip("\ufeff\0 \t\r\n").encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def local_name(element: Any) -> str:
    """Give an element's name without its namespace, which differs between versions."""
    return str(etree.QName(element).localname)
