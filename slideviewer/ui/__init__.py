"""The window: everything that knows Qt.

PySide6 puts an `__import__` of its own in the place of Python's. It reads the source of every
module that is imported from then on, in search of `from __feature__ import …`, which nobody here
writes; to read 500 files was a fifth of the start. So the one before, which it keeps under
another name, takes its place again.
"""

import builtins

import PySide6.QtCore  # noqa: F401 - puts it there

builtins.__import__ = getattr(builtins, "__orig_import__", builtins.__import__)
