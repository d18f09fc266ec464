"""What the guide says of keys: always what they are now, never typed by hand."""

from __future__ import annotations

from collections.abc import Iterator

from slideviewer.ui import keys
from slideviewer.ui.action_spec import ActionSpec
from slideviewer.ui.action_table import MENUS
from slideviewer.ui.keys import Bindings


def first_key(name: str, now: Bindings) -> str:
    """The key of an action in Markdown; its menu where it has none."""
    bound = now[name]
    return _key(bound[0]) if bound else f"**{_place(name)}**"


def action_words(name: str, now: Bindings) -> str:
    """Where an action stands, and its key: "**File ▸ Open slide…** (`Ctrl+O`)"."""
    bound = now[name]
    return f"**{_place(name)}**" + (f" ({_key(bound[0])})" if bound else "")


def key_tables(now: Bindings) -> str:
    """A table for each menu, of the actions that have keys now."""
    changed = keys.changed_names()
    parts = []
    for title, rows in MENUS.items():
        lines = [
            f"| {row.plain_text}{' *(changed by you)*' if row.name in changed else ''} "
            f"| {', '.join(map(_key, now[row.name]))} |"
            for row in rows
            if isinstance(row, ActionSpec) and now.get(row.name)
        ]
        if lines:
            heading = title.replace("&", "")
            parts.append("\n".join([f"## {heading}", "", "| Action | Keys |", "| --- | --- |"]))
            parts[-1] += "\n" + "\n".join(lines)
    return "\n\n".join(parts)


def gesture_tables() -> str:
    """The keys that the slide itself hears, as a table."""
    lines = [f"| {_key(key)} | {_sentence(words)} |" for key, words in keys.RESERVED.items()]
    return "\n".join(["| Key | What it does on the slide |", "| --- | --- |", *lines])


def _place(name: str) -> str:
    """The menu, the menu within it, and the words of an action."""
    title, spec = next((title, spec) for title, spec in _specs() if spec.name == name)
    parts = [title, spec.submenu, spec.text] if spec.submenu else [title, spec.text]
    return " ▸ ".join(part.replace("&", "") for part in parts)


def _specs() -> Iterator[tuple[str, ActionSpec]]:
    for title, rows in MENUS.items():
        yield from ((title, row) for row in rows if isinstance(row, ActionSpec))


def _key(key: str) -> str:
    words = keys.native(key)
    return f"`` {words} ``" if "`" in words else f"`{words}`"


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]
