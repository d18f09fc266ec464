"""What one action of the window is, as a value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ActionSpec:
    """One thing the user can do.

    Attributes
    ----------
    name : str
        What the program calls it.
    text : str
        The menu's words; an ampersand marks the mnemonic.
    keys : tuple of str
        Shortcuts as in ASAP, the one to show first.
    qupath : tuple of str or None
        Shortcuts as in QuPath; None where they are the same.
    icon : str
        Name in Material Design Icons 6 (Pictogrammers, Apache 2.0); empty for none.
    checkable : bool
    exclusive : bool
        Whether it is one of the tools, of which one is on at a time.
    submenu : str
        The words of the menu within its menu in which it stands; empty for none.
    filled_when_shown : bool
        Whether it is a menu itself; its handler gets the `QMenu` each time before it is shown.
    tip : str
        More words for the tooltip; empty where those of the menu say enough.
    """

    name: str
    text: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    checkable: bool = False
    exclusive: bool = False
    qupath: tuple[str, ...] | None = None
    submenu: str = ""
    filled_when_shown: bool = False
    tip: str = ""

    @property
    def plain_text(self) -> str:
        """The words without mnemonic and dots."""
        return self.text.replace("&", "").rstrip("…")
