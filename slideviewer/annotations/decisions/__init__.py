"""What a reader decided and how slides were read: values, and the file they are kept in."""

from slideviewer.annotations.decisions.decision import Decision, Runs, Verdict, as_runs
from slideviewer.annotations.decisions.file import (
    DecisionsRead,
    decisions_file_of,
    read_decisions,
    write_decisions,
)
from slideviewer.annotations.decisions.keeping import keep_reading
from slideviewer.annotations.decisions.reading import Ending, Reading, reading_from
from slideviewer.annotations.decisions.table import write_decisions_csv

__all__ = [
    "Decision",
    "DecisionsRead",
    "Ending",
    "Reading",
    "Runs",
    "Verdict",
    "as_runs",
    "decisions_file_of",
    "keep_reading",
    "read_decisions",
    "reading_from",
    "write_decisions",
    "write_decisions_csv",
]
