"""The journal: what was edited and not saved yet, kept on disk edit by edit."""

from slideviewer.annotations.journal.journal import About, Journal, JournalError, remove
from slideviewer.annotations.journal.leftovers import (
    Leftover,
    leftovers,
    origin_ids,
    read_leftover,
)
from slideviewer.annotations.journal.step import Step, step_between

__all__ = [
    "About",
    "Journal",
    "JournalError",
    "Leftover",
    "Step",
    "leftovers",
    "origin_ids",
    "read_leftover",
    "remove",
    "step_between",
]
