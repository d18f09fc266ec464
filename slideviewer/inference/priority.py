"""Leaving the machine to others: whoever looks at the slide comes first."""

from __future__ import annotations

import os
import sys

_NICENESS = 19
"""The lowest priority."""
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000
"""Windows: processthreadsapi.h."""


def lower_priority() -> None:
    """Let this process, and the threads that it begins from now on, give way to others."""
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(_NICENESS)
