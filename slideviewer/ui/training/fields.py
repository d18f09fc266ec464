"""What the form asks for, as a table: each field is an option of a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

Value = str | int | float | bool
Values = Mapping[str, Value]
"""By option."""


class Kind(Enum):
    """What a field holds, and how it is shown."""

    TEXT = "a line"
    NAME = "a model's name"
    FOLDER = "a folder"
    PATH = "a file or a folder"
    WHOLE = "a whole number"
    NUMBER = "a number"
    CHOICE = "one of some words"
    LIST = "several, parted by semicolons; the option is repeated"
    FLAG = "yes or no"


@dataclass(frozen=True)
class Field:
    """One option of a command.

    Attributes
    ----------
    option : str
        As it is typed.
    label : str
        What the form calls it.
    kind : Kind
    first : str, int, float or bool
        What stands there at first.
    default : same or None
        What the command takes where the option is left out; None where it must be given, or
        nothing is meant by that.
    is_needed : bool
        Whether nothing can be started without it.
    hint : str
        Grey words in an empty line.
    tip : str
    choices : tuple of str
    lowest, highest : float
    unit : str
    """

    option: str
    label: str
    kind: Kind = Kind.TEXT
    first: Value = ""
    default: Value | None = None
    is_needed: bool = False
    hint: str = ""
    tip: str = ""
    choices: tuple[str, ...] = ()
    lowest: float = 0
    highest: float = 0
    unit: str = ""

    def words(self, value: Value) -> list[str]:
        """What is typed for it; nothing where the command takes the value anyway.

        An empty line is nothing, too.
        """
        if self.kind == Kind.FLAG:
            return [self.option] if value else []
        if value == self.default or value == "":
            return []
        if self.kind == Kind.LIST:
            parts = filter(None, (part.strip() for part in str(value).split(";")))
            return [word for part in parts for word in (self.option, part)]
        return [self.option, f"{value:.10g}" if isinstance(value, float) else str(value).strip()]


@dataclass(frozen=True)
class Source:
    """A kind of data, and the fields that say where it lies and what is in it."""

    title: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Task:
    """A command that trains.

    Attributes
    ----------
    title : str
        For the user, and short: the panel is narrow.
    tip : str
        What such a model says.
    command : str
        After ``slideviewer train``.
    sources : tuple of Source
    fields : tuple of Field
        Whatever the data.
    """

    title: str
    tip: str
    command: str
    sources: tuple[Source, ...]
    fields: tuple[Field, ...]

    def fields_of(self, source: int) -> tuple[Field, ...]:
        """All fields, the data's first."""
        return self.sources[source].fields + self.fields
