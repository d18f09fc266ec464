"""Reading XML of unknown origin: nothing is expanded or fetched, everything is bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from lxml import etree

from slideviewer.errors import AnnotationError

LARGEST_BYTES = 1 << 30
"""Larger files are refused: 1 GiB of XML is some fifteen million vertices."""
MOST_ATTRIBUTES = 1000
"""Of one element; building an element takes time with their square."""
DEEPEST = 256
"""ASAP's own files are five deep; this leaves room for what other programs add."""
EARLIER = "Take an earlier copy of it."

_MOST_TEXT = 1 << 20
"""Characters in one element: what people write at a shape is a sentence."""
_LONGEST = 160
"""Characters of what a message quotes."""
_CHUNK_BYTES = 1 << 20
_ENCODED_OTHERWISE = (b"\xff\xfe", b"\xfe\xff")
"""How files begin whose bytes are not ASCII's, and which are XML all the same."""


class ElementReader(Protocol):
    """Takes the elements of a file as they come, so that no tree of them is built."""

    def start(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """An element begins; the path are the tags from the root to it."""

    def end(self, path: Sequence[str], text: str) -> None:
        """An element ends; the text is what stood in it, without spaces around."""


def read_elements(path: Path, reader: ElementReader, root: str, program: str) -> None:
    """Hand a file's elements to a reader.

    Parameters
    ----------
    path : Path
    reader : ElementReader
    root : str
        The tag of the root element.
    program : str
        Whose file it should be, for messages.

    Raises
    ------
    AnnotationError
        The file cannot be read, is cut off or damaged, is hostile, or something else.
    """
    target = _Target(path, reader, root, program)
    parser = etree.XMLParser(
        target=target,
        # Only those of XML itself are left where no document type can be declared.
        resolve_entities="internal",
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        with path.open("rb") as stream:
            for chunk in chunks_of(stream, path):
                parser.feed(chunk)
        parser.close()
    except OSError as error:
        raise cannot_be_read(path, error) from error
    except etree.XMLSyntaxError as error:
        raise damaged(path, error.lineno, error.msg, EARLIER) from error
    except ValueError as error:  # lxml's word on names that libxml2 let pass
        raise misnamed(path) from error


def chunks_of(stream: BinaryIO, path: Path) -> Iterator[bytes]:
    """An XML file piece by piece.

    Raises
    ------
    AnnotationError
        It does not begin as XML, or is larger than what is read.
    """
    stated = os.fstat(stream.fileno()).st_size
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
    while chunk:
        size += len(chunk)
        if max(size, stated) > LARGEST_BYTES:
            limit = f"{LARGEST_BYTES >> 20} MiB"
            raise AnnotationError(
                f"is larger than {limit}, the most that is read.", path=path, remedy="Split it."
            )
        yield chunk
        chunk = stream.read(_CHUNK_BYTES)


def cannot_be_read(path: Path, error: OSError) -> AnnotationError:
    """The error for a file that the system does not give."""
    reason = error.strerror or str(error)
    return AnnotationError(f"cannot be read: {reason}.", path=path, remedy="Check its name.")


def has_doctype(path: Path) -> AnnotationError:
    """The error for a document type declaration, the door to entities and to files elsewhere."""
    return AnnotationError(
        "holds a document type declaration, which annotation files never need and attacks do.",
        path=path,
        remedy="If you trust the file, remove the line that begins with <!DOCTYPE.",
    )


def misnamed(path: Path) -> AnnotationError:
    """The error for a name that XML does not allow."""
    return AnnotationError(
        "names an element or attribute as XML does not allow.", path=path, remedy=EARLIER
    )


def too_much(path: Path, limit: str) -> AnnotationError:
    """The error for a file that holds more of something than any annotation file."""
    return AnnotationError(f"holds more than {limit}, as no annotation file does.", path=path)


def is_limit(message: str) -> bool:
    """Whether libxml2 stopped at one of its limits, not at a fault of the file."""
    return "XML_PARSE_HUGE" in message


def damaged(path: Path, line: int, message: str, remedy: str) -> AnnotationError:
    """The error for a file that is not well-formed, by libxml2's words."""
    if is_limit(message):
        return AnnotationError(
            f"holds a piece of text at line {line} that is longer than 10 MB, as no annotation"
            " file does.",
            path=path,
            remedy=EARLIER,
        )
    return AnnotationError(
        f"is cut off or damaged at line {line} ({brief(message)}).", path=path, remedy=remedy
    )


def brief(text: str) -> str:
    """Words from a file, or about it, on one line and of a length that can be read."""
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


class _Target:
    """What lxml calls while it parses."""

    def __init__(self, path: Path, reader: ElementReader, root: str, program: str) -> None:
        self._path, self._reader, self._root, self._program = path, reader, root, program
        self._open: list[str] = []
        self._texts: list[list[str]] = []
        self._length = 0

    def start(self, tag: str, attrib: Mapping[str, str]) -> None:
        tag = tag.rpartition("}")[2]
        if not self._open and tag != self._root:
            raise AnnotationError(
                f"is no file of {self._program}: its root element is <{brief(tag)}>,"
                f" not <{self._root}>.",
                path=self._path,
                remedy="Choose another file.",
            )
        if len(self._open) >= DEEPEST:
            raise too_much(self._path, f"{DEEPEST} elements inside each other")
        if len(attrib) > MOST_ATTRIBUTES:
            raise too_much(self._path, f"{MOST_ATTRIBUTES} attributes on one element")
        self._open.append(tag)
        if self._texts:
            self._texts[-1].clear()  # text beside elements is the layout's
        self._texts.append([])
        self._length = 0
        self._reader.start(self._open, attrib)

    def data(self, text: str) -> None:
        self._length += len(text)
        if self._length > _MOST_TEXT:
            raise too_much(self._path, f"{_MOST_TEXT} characters in one text")
        if self._texts:
            self._texts[-1].append(text)

    def end(self, tag: str) -> None:
        self._reader.end(self._open, "".join(self._texts.pop()).strip())
        self._open.pop()
        self._length = 0

    def doctype(self, *_: object) -> None:
        raise has_doctype(self._path)

    def close(self) -> None:
        """Nothing is left to do: all was handed on."""
