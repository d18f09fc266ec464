"""Where a training stands, in one word, from what its folder tells and what its process does."""

from __future__ import annotations

from enum import Enum

from slideviewer.training import diary
from slideviewer.training.following import RunState

OK, BAD_INPUT, INTERRUPTED = 0, 2, 130
"""Exit codes of the command line."""

KILLED_WORDS = (
    "The training's process was ended from outside, as happens when memory runs out. Go on takes "
    "it up after its last epoch."
)
LOST_WORDS = (
    "The training's process was ended from outside before its first epoch was done, as happens "
    "when memory runs out."
)


class Phase(Enum):
    """Where a training stands."""

    STARTING = "Starting"
    RUNNING = "Running"
    PAUSED = "Paused"
    STOPPING = "Stopping"
    FINISHED = "Finished"
    STOPPED = "Stopped"
    FAILED = "Failed"

    @property
    def is_active(self) -> bool:
        """Whether its process runs."""
        return self in (Phase.STARTING, Phase.RUNNING, Phase.PAUSED, Phase.STOPPING)


def phase_of(
    state: RunState,
    *,
    is_own: bool,
    code: int | None = None,
    complaint: str = "",
    stop_wished: bool = False,
) -> tuple[Phase, str]:
    """Where a training stands, and what there is to say of its end.

    Parameters
    ----------
    state : RunState
        What its folder tells.
    is_own : bool
        Whether this window started its process; `code` then tells whether it runs.
    code : int or None
        Its exit code.
    complaint : str
        The last line that it said.
    stop_wished : bool
        Whether the user asked for its end.
    """
    if code is None if is_own else state.is_running:
        if stop_wished:
            return Phase.STOPPING, ""
        if not state.is_running:  # what its folder tells is of a former one
            return Phase.STARTING, ""
        return (Phase.PAUSED if state.is_paused else Phase.RUNNING), ""
    if is_own:
        how = {OK: diary.FINISHED, BAD_INPUT: diary.FAILED, INTERRUPTED: diary.STOPPED}.get(
            code or OK, ""
        )
        if not how and code == 1:  # a bug: Python's own exit code
            how = diary.FAILED
        words = complaint if how == diary.FAILED else ""
    else:
        how, words = state.how, state.words
    if how == diary.FINISHED:
        return Phase.FINISHED, ""
    if how == diary.STOPPED or stop_wished:
        return Phase.STOPPED, ""
    if how == diary.FAILED:
        return Phase.FAILED, words or state.words
    return Phase.FAILED, KILLED_WORDS if state.can_go_on else LOST_WORDS
