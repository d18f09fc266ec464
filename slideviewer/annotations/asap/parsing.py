"""From bytes to a small tree: everything but the coordinates, which go straight into arrays.

A tree of a million coordinates would take a gigabyte; this takes what the arrays need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from slideviewer.annotations.asap.plain import NotPlainError, Plain
from slideviewer.annotations.asap.target import Document, Target
from slideviewer.annotations.xml_file import (
    EARLIER,
    brief,
    cannot_be_read,
    chunks_of,
    damaged,
    is_limit,
    misnamed,
)
from slideviewer.errors import AnnotationError

_REMEDY = (
    "Take an earlier copy of the file, or have what is readable of it written to"
    " another file: slideviewer convert --recover IN OUT."
)
_SECTION_AS_ROOT = re.compile(
    rb"(?P<prolog>(?:\xef\xbb\xbf)?\s*(?:<\?(?>.*?\?>)\s*|<!--(?>.*?-->)\s*)*)"
    rb"<(?:Annotations|AnnotationGroups)\b",
    re.DOTALL,
)


def parse(path: Path, *, recovering: bool = False, quick: bool = True) -> Document:
    """Parse a file of ASAP's XML.

    Document type declarations are refused, and with them all entities; nothing is fetched; size,
    depth and number of elements and attributes are bounded, and (by libxml2) the length of texts.

    Parameters
    ----------
    path : Path
    recovering : bool
        Go on after errors, and take what can be read.
    quick : bool
        Take what is plain the quick way, unless recovering; the outcome is the same.

    Raises
    ------
    AnnotationError
        The file cannot be read, is hostile, is something else, or (unless recovering) is damaged.
    """
    if quick and not recovering:
        plain = Plain()
        # What is wrong with a file, if anything, is for the slow way to say.
        with suppress(NotPlainError, AnnotationError):
            document = _parse(path, False, plain)
            document.runs = plain.runs
            return document
    return _parse(path, recovering)


def _parse(path: Path, recovering: bool, plain: Plain | None = None) -> Document:
    target = Target(path, recovering, has_markers=plain is not None)
    parser = etree.XMLParser(
        target=target,
        recover=recovering,
        # Only those of XML itself are left where no document type can be declared. Resolving none
        # at all, libxml2 would hand on "&amp;" in an attribute as "&#38;".
        resolve_entities="internal",
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_blank_text=True,
    )
    try:
        with path.open("rb") as stream:
            chunks = _chunks(stream, path)
            for chunk in chunks if plain is None else plain.rest(chunks):
                parser.feed(chunk)
        document: Document = parser.close()
    except OSError as error:
        raise cannot_be_read(path, error) from error
    except etree.XMLSyntaxError as error:
        if not recovering or is_limit(error.msg):
            raise damaged(path, error.lineno, error.msg, _REMEDY) from error
        document = target.close()
    except ValueError as error:  # lxml's word on names that libxml2 let pass
        raise misnamed(path) from error
    for entry in parser.feed_error_log.filter_from_errors():
        # Not recovering, it is a name space that nobody declared: libxml2 only mentions those.
        if not recovering or is_limit(entry.message):
            raise damaged(path, entry.line, entry.message, _REMEDY)
        document.damage = document.damage or f"line {entry.line}: {brief(entry.message)}"
    if document.root is None:
        raise AnnotationError("holds nothing that can be read.", path=path, remedy=EARLIER)
    return document


def _chunks(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """The file piece by piece; a section that is the root itself gets the missing root around it.

    Where the root is missing ASAP takes the document for it, so that even two sections side by
    side, which are no XML, are a file to it.
    """
    bare = None
    for number, chunk in enumerate(chunks_of(stream, path)):
        if number == 0:
            bare = _SECTION_AS_ROOT.match(chunk)
        if number == 0 and bare:
            yield b"%b<ASAP_Annotations>%b" % (bare["prolog"], chunk[bare.end("prolog") :])
        else:
            yield chunk
    if bare:
        yield b"</ASAP_Annotations>"
