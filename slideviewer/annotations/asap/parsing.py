"""From bytes to a small tree: everything but the coordinates, which go straight into arrays.

A tree of a million coordinates would take a gigabyte; this takes what the arrays need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lxml import etree

from slideviewer.annotations.asap.target import Document, Target
from slideviewer.errors import AnnotationError

LARGEST_BYTES = 1 << 30
"""Larger files are refused: 1 GiB of XML is some fifteen million vertices."""

_EARLIER = "Take an earlier copy of it."
_CHUNK_BYTES = 1 << 20
_SECTION_AS_ROOT = re.compile(
    rb"(?P<prolog>(?:\xef\xbb\xbf)?\s*(?:<\?(?>.*?\?>)\s*|<!--(?>.*?-->)\s*)*)"
    rb"<(?:Annotations|AnnotationGroups)\b",
    re.DOTALL,
)
_ENCODED_OTHERWISE = (b"\xff\xfe", b"\xfe\xff")
"""How files begin whose bytes are not ASCII's, and which are XML all the same."""


def parse(path: Path, *, recovering: bool = False) -> Document:
    """Parse a file of ASAP's XML.

    Document type declarations are refused, and with them all entities; nothing is fetched; size,
    depth and number of elements and attributes are bounded, and (by libxml2) the length of texts.

    Parameters
    ----------
    path : Path
    recovering : bool
        Go on after errors, and take what can be read.

    Raises
    ------
    AnnotationError
        The file cannot be read, is hostile, is something else, or (unless recovering) is damaged.
    """
    target = Target(path, recovering)
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
            for chunk in _chunks(stream, path):
                parser.feed(chunk)
        document: Document = parser.close()
    except OSError as error:
        reason = error.strerror or str(error)
        raise AnnotationError(
            f"cannot be read: {reason}.", path=path, remedy="Check its name."
        ) from error
    except etree.XMLSyntaxError as error:
        if not recovering or _is_limit(error.msg):
            raise _damaged(path, error.lineno, error.msg) from error
        document = target.close()
    except ValueError as error:  # lxml's word on names that libxml2 let pass
        raise AnnotationError(
            "names an element or attribute as XML does not allow.", path=path, remedy=_EARLIER
        ) from error
    for entry in parser.feed_error_log.filter_from_errors():
        # Not recovering, it is a name space that nobody declared: libxml2 only mentions those.
        if not recovering or _is_limit(entry.message):
            raise _damaged(path, entry.line, entry.message)
        document.damage = document.damage or f"line {entry.line}: {entry.message.strip()}"
    if document.root is None:
        raise AnnotationError("holds nothing that can be read.", path=path, remedy=_EARLIER)
    return document


def _chunks(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """The file piece by piece; a section that is the root itself gets the missing root around it.

    Where the root is missing ASAP takes the document for it, so that even two sections side by
    side, which are no XML, are a file to it.
    """
    chunk, size = stream.read(_CHUNK_BYTES), 0
    start = chunk.lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith((b"<", *_ENCODED_OTHERWISE)):
        beginning = start[:12].decode("ascii", "replace")
        problem = f'is no XML: it begins with "{beginning}".' if start else "is empty."
        if not beginning.isprintable() or not beginning.isascii():
            problem = "is no XML: it does not begin as text."
        raise AnnotationError(
            problem, path=path, remedy="Choose an annotation file, or an earlier copy of it."
        )
    if start.startswith(b"<?xml"):
        chunk = start  # blank lines before the declaration, which ASAP does not mind
    bare = _SECTION_AS_ROOT.match(chunk)
    if bare:
        chunk = b"%b<ASAP_Annotations>%b" % (bare["prolog"], chunk[bare.end("prolog") :])
    while chunk:
        size += len(chunk)
        if size > LARGEST_BYTES:
            limit = f"{LARGEST_BYTES >> 20} MiB"
            raise AnnotationError(
                f"is larger than {limit}, the most that is read.", path=path, remedy="Split it."
            )
        yield chunk
        chunk = stream.read(_CHUNK_BYTES)
    if bare:
        yield b"</ASAP_Annotations>"


def _is_limit(message: str) -> bool:
    """Whether libxml2 stopped at one of its limits, not at a fault of the file."""
    return "XML_PARSE_HUGE" in message


def _damaged(path: Path, line: int, message: str) -> AnnotationError:
    if _is_limit(message):
        return AnnotationError(
            f"holds a piece of text at line {line} that is longer than 10 MB, as no annotation"
            " file does.",
            path=path,
            remedy=_EARLIER,
        )
    return AnnotationError(
        f"is cut off or damaged at line {line} ({' '.join(message.split())}).",
        path=path,
        remedy="Take an earlier copy of the file, or have what is readable of it written to"
        " another file: slideviewer convert --recover IN OUT.",
    )
