"""Who works here."""

from __future__ import annotations

import getpass

from slideviewer.ui import settings


def user_name() -> str:
    """The name in the preferences, else that of the system's account; empty where neither tells."""
    chosen = settings.read(settings.AUTHOR).strip()
    if chosen:
        return chosen
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # the last two from Python before 3.13
        return ""
