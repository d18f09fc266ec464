"""How much the threads of the window matter beside one another."""

from __future__ import annotations

import os
import sys
import threading


def step_back(niceness: int) -> None:
    """Let this thread come after others that want the processor, the window's own above all.

    Only on Linux has each thread a priority of its own; elsewhere nothing happens.

    Parameters
    ----------
    niceness : int
        From 1 to 19, the lowest priority.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
