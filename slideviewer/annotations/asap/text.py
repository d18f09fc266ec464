"""Text in ASAP's XML: what XML cannot say, group names that mean something else, numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping

UNGROUPED = "None"
"""What stands in ``PartOfGroup`` where there is no group."""

_NAMED_UNGROUPED = "_x004E_one"
"""How a group that really is called "None" is written, once something belongs to it."""

# Characters outside the production Char of XML 1.0: not even a reference may name them.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_KEY_CODE = re.compile("_x([0-9A-F]{4,5}|10[0-9A-F]{4})_")
_NO_KEY = "_x_"
_CODE = re.compile(r"_x([0-9A-F]{4})_(?=(x?))")

_NAME_START = (
    "A-Z_a-z\xc0-\xd6\xd8-\xf6\xf8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_NOT_IN_NAMES = re.compile(f"[^{_NAME_START}0-9.\xb7\u0300-\u036f\u203f-\u2040-]")
_STARTS_NO_NAME = re.compile(f"[^{_NAME_START}]|xmlns")

_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}
    | {character: f"&#{ord(character)};" for character in "\t\n\r"}
)


def encoded(text: str) -> str:
    r"""Text with the characters that XML cannot hold as codes: ``\x07`` becomes ``_x0007_``.

    The same convention as in Office Open XML (ECMA-376 part 1, 22.9.2.19, ST_Xstring), used only
    where it is needed, so that all other text stands in the file as it is.
    """
    if not _IMPOSSIBLE.search(text) and decoded(text) == text:
        return text
    return _IMPOSSIBLE.sub(_coded, text.replace("_x", "_x005F_x"))


def possible(text: str) -> str:
    """Text of a damaged file, in which references may name what XML cannot hold, with codes."""
    return _IMPOSSIBLE.sub(_coded, text)


def decoded(text: str) -> str:
    """Undo `encoded`."""
    return _CODE.sub(_character, text) if "_x" in text else text


def encoded_group(name: str | None, *, has_members: bool = True) -> str:
    """A group's name as the file holds it; "None" for no group at all.

    Parameters
    ----------
    name : str or None
    has_members : bool
        Whether something belongs to the group; a group "None" without members keeps its name.
    """
    if name is None:
        return UNGROUPED
    if name == UNGROUPED and has_members:
        return _NAMED_UNGROUPED
    return name.replace("_x", "_x005F_x") if name == _NAMED_UNGROUPED else encoded(name)


def decoded_group(text: str) -> str:
    """A group's name from what the file holds, where that is not the word for no group."""
    return UNGROUPED if text == _NAMED_UNGROUPED else decoded(text)


def encoded_key(key: str) -> str:
    """A key as the name of an XML attribute: ``my key`` becomes ``my_x0020_key``."""
    is_name = key and not _NOT_IN_NAMES.search(key) and not _STARTS_NO_NAME.match(key)
    if is_name and decoded_key(key) == key:
        return key
    name = _NOT_IN_NAMES.sub(_coded, key.replace("_x", "_x005F_x"))
    if not name:
        return _NO_KEY
    return f"_x{ord(name[0]):04X}_{name[1:]}" if _STARTS_NO_NAME.match(name) else name


def decoded_key(name: str) -> str:
    """Undo `encoded_key`; a name that it would not have made stays as it is."""
    if "_x" not in name:
        return name
    key = "" if name == _NO_KEY else _KEY_CODE.sub(lambda match: chr(int(match[1], 16)), name)
    return key if key != name and encoded_key(key) == name else name


def pairs(attributes: Mapping[str, str]) -> str:
    """Attributes as they stand in a tag, each with a space in front."""
    return "".join(f' {key}="{value.translate(_ESCAPES)}"' for key, value in attributes.items())


def in_comment(text: str) -> str:
    """Text for inside a comment; two hyphens in a row, which none may hold, are set apart."""
    text = re.sub("-(?=-)", "- ", text)
    return f"{text} " if text.endswith("-") else text


def as_comment(text: str) -> str:
    """Text as an XML comment."""
    return f"<!--{in_comment(text)}-->"


def number(value: float) -> str:
    """The shortest text that reads back as the same number, without a bare ``.0``, as in ASAP."""
    return repr(value).removesuffix(".0")


def _coded(match: re.Match[str]) -> str:
    return f"_x{ord(match[0]):04X}_"


def _character(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    is_ours = _IMPOSSIBLE.match(character) or (character == "_" and match[2])
    return character if is_ours else match[0]
