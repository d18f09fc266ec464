"""Which keys do what: the chosen map, and what the user made of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QKeySequence

from slideviewer.ui import settings
from slideviewer.ui.action_spec import ActionSpec
from slideviewer.ui.action_table import ACTIONS
from slideviewer.ui.actions import bind

Bindings = dict[str, tuple[str, ...]]
"""The keys of each action, the one to show first; in Qt's portable text."""

MOST_KEYS = 2
"""How many keys an action can be given."""

RESERVED = {
    "Space": "moves the slide while it is held",
    "Esc": "drops what was begun",
    "Return": "completes what was begun",
    "Enter": "completes what was begun",
    "Del": "takes back the last small step",
    "Backspace": "takes back the last small step",
}
"""Keys that the slide itself hears; an action that took one would take it away there."""

SPECS: Mapping[str, ActionSpec] = {
    spec.name: spec for spec in ACTIONS if not spec.filled_when_shown
}
"""Every action that can have keys."""

_PORTABLE = QKeySequence.SequenceFormat.PortableText


def map_keys(keymap: str) -> Bindings:
    """The keys of a map as it comes ("asap" or "qupath")."""
    return {
        name: spec.qupath if keymap == "qupath" and spec.qupath is not None else spec.keys
        for name, spec in SPECS.items()
    }


def bindings() -> Bindings:
    """The keys as they are now: the chosen map, changed as the user wished.

    A kept wish that is damaged, or takes a key that another action has, no longer counts.
    """
    keymap = settings.read(settings.KEYMAP)
    standard, wishes = map_keys(keymap), _read_wishes(keymap)
    while True:
        made = {name: wishes.get(name, keys) for name, keys in standard.items()}
        clashing = {name for names in _owners(made).values() if len(names) > 1 for name in names}
        if not clashing & wishes.keys():
            return made
        wishes = {name: keys for name, keys in wishes.items() if name not in clashing}


def problem_with(name: str, keys: Sequence[str]) -> str:
    """Why an action cannot have these keys, for the user; empty where it can."""
    now, wanted = bindings(), [_portable(key) for key in keys]
    if len(wanted) > MOST_KEYS:
        return f"An action can have {MOST_KEYS} keys, not {len(wanted)}."
    for key in wanted:
        if not key:
            return "This is no key that the program can hear."
        if key in RESERVED:
            return f"{native(key)} {RESERVED[key]}."
        if wanted.count(key) > 1:
            return f"{native(key)} is given twice."
        for other, taken in now.items():
            if other != name and key in map(_portable, taken):
                words = SPECS[other].plain_text
                return f"{native(key)} is taken by “{words}”. Take it away there first."
    return ""


def rebind(name: str, keys: Sequence[str]) -> None:
    """Give an action other keys, and keep them where they differ from those of the map.

    Raises
    ------
    ValueError
        Where it cannot have them: see `problem_with`.
    """
    problem = problem_with(name, keys)
    if problem:
        raise ValueError(problem)
    keymap = settings.read(settings.KEYMAP)
    wanted = tuple(map(_portable, keys))
    if wanted == tuple(map(_portable, map_keys(keymap)[name])):
        QSettings().remove(_place(keymap, name))
    else:
        QSettings().setValue(_place(keymap, name), json.dumps(wanted))


def reset_all() -> None:
    """Take the chosen map as it comes."""
    QSettings().remove(_place(settings.read(settings.KEYMAP)))


def changed_names() -> frozenset[str]:
    """The actions whose keys are not those of the map."""
    standard = map_keys(settings.read(settings.KEYMAP))
    return frozenset(name for name, keys in bindings().items() if keys != standard[name])


def apply(actions: Mapping[str, QAction]) -> None:
    """Give the actions of a window the keys that they have now, in their tooltips as well."""
    for name, keys in bindings().items():
        bind(actions[name], SPECS[name], keys)


def native(key: str) -> str:
    """A key in the words of this system (⌘O on a Mac)."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)


def _owners(made: Bindings) -> dict[str, list[str]]:
    owners = defaultdict(list)
    for name, keys in made.items():
        for key in map(_portable, keys):
            owners[key].append(name)
    return owners


def _portable(key: str) -> str:
    """One spelling for each key; empty for what is none."""
    sequence = QKeySequence(key)
    return sequence.toString(_PORTABLE) if sequence.count() == 1 else ""


def _read_wishes(keymap: str) -> Bindings:
    wishes = {}
    stored = QSettings()
    for name in SPECS:
        text = stored.value(_place(keymap, name))
        keys = _understood(text) if isinstance(text, str) else None
        if keys is not None:
            wishes[name] = keys
    return wishes


def _understood(text: str) -> tuple[str, ...] | None:
    """The keys of a kept wish; None where it is damaged."""
    try:
        kept = json.loads(text)
    except ValueError:
        return None
    if not isinstance(kept, list) or len(kept) > MOST_KEYS:
        return None
    keys = tuple(_portable(str(key)) for key in kept)
    return keys if all(key and key not in RESERVED for key in keys) else None


def _place(keymap: str, name: str = "") -> str:
    """Where wishes are kept: for each map its own, since a key free in one is not in the other."""
    return f"keys/{keymap}/{name}".rstrip("/")
