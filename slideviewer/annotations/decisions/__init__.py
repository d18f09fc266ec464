"""What a reader decided on regions that were shown: values, and the file they are kept in."""

from slideviewer.annotations.decisions.decision import Decision, Runs, Verdict, as_runs
from slideviewer.annotations.decisions.file import (
    DecisionsRead,
    decisions_file_of,
    read_decisions,
    write_decisions,
)
from slideviewer.annotations.decisions.table import write_decisions_csv

__all__ = [
    "Decision",
    "DecisionsRead",
    "Runs",
    "Verdict",
    "as_runs",
    "decisions_file_of",
    "read_decisions",
    "write_decisions",
    "write_decisions_csv",
]
