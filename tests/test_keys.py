"""The keymaps, and what a user makes of them."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st
from own_settings import use_settings_in
from PySide6.QtCore import QSettings
from PySide6.QtGui import QAction, QKeySequence
from pytestqt.qtbot import QtBot

from slideviewer.ui import keys, settings

KEYMAPS = [value for value, _ in settings.KEYMAP.choices]


@pytest.fixture(autouse=True)
def own_settings(user_folder: Path, qapp: object) -> None:
    use_settings_in(user_folder)


@pytest.mark.parametrize("keymap", KEYMAPS)
def test_a_map_gives_no_key_twice_and_none_that_the_slide_hears(keymap: str) -> None:
    given_keys = [key for bound in keys.map_keys(keymap).values() for key in bound]
    assert [key for key, number in Counter(given_keys).items() if number > 1] == []
    assert not set(given_keys) & keys.RESERVED.keys()
    for key in given_keys:  # in Qt's own spelling, so that they can be compared as text
        assert QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText) == key
    assert all(len(bound) <= keys.MOST_KEYS for bound in keys.map_keys(keymap).values())


def test_what_hands_know_of_qupath() -> None:
    settings.write(settings.KEYMAP, "qupath")
    bound = keys.bindings()
    assert bound["pan"] == ("M",)
    assert bound["measurement"] == ("L",)
    assert "D" in bound["show_prediction"]
    settings.write(settings.KEYMAP, "asap")
    assert keys.bindings()["pan"] == ("X",)


def test_a_new_key_is_kept_only_while_it_differs() -> None:
    keys.rebind("polygon", ["Ctrl+K"])
    assert keys.bindings()["polygon"] == ("Ctrl+K",)
    assert keys.changed_names() == {"polygon"}
    assert [key for key in QSettings().allKeys() if key.startswith("keys/")] == [
        "keys/asap/polygon"
    ]
    settings.write(settings.KEYMAP, "qupath")  # which has its own wishes
    assert keys.bindings()["polygon"] == ("P",)
    settings.write(settings.KEYMAP, "asap")
    keys.rebind("polygon", ["P"])
    assert not any(key.startswith("keys/") for key in QSettings().allKeys())


def test_a_conflict_names_the_other_action_and_is_refused() -> None:
    problem = keys.problem_with("zoom_in", ["P"])
    assert "Draw polygon" in problem
    with pytest.raises(ValueError, match="Draw polygon"):
        keys.rebind("zoom_in", ["P"])
    assert "P" not in keys.bindings()["zoom_in"]
    keys.rebind("polygon", [])
    keys.rebind("zoom_in", ["P"])
    assert keys.bindings()["zoom_in"] == ("P",)


@pytest.mark.parametrize(
    "wanted", [["Space"], ["Esc"], ["Del"], ["Ctrl+K", "Ctrl+K"], ["nonsense"], [""], list("KUW")]
)
def test_keys_that_no_action_can_have(wanted: list[str]) -> None:
    assert keys.problem_with("polygon", wanted)
    assert not keys.problem_with("polygon", ["P"])


def test_reset_takes_the_map_as_it_comes() -> None:
    keys.rebind("polygon", ["Ctrl+K"])
    keys.rebind("pan", [])
    keys.reset_all()
    assert keys.bindings() == keys.map_keys("asap")


@pytest.mark.parametrize(
    "stored", ["", "P", "[1, 2]", '["Space"]', '["a", "b", "c"]', '{"a": 1}', '["X"]', '["no key"]']
)
def test_a_damaged_or_clashing_wish_does_not_count(stored: str) -> None:
    QSettings().setValue("keys/asap/polygon", stored)  # X is the hand's
    assert keys.bindings() == keys.map_keys("asap")


def test_two_wishes_that_change_places_count() -> None:
    QSettings().setValue("keys/asap/polygon", json.dumps(["X"]))
    QSettings().setValue("keys/asap/pan", json.dumps(["P"]))
    assert keys.bindings()["polygon"] == ("X",)
    assert keys.bindings()["pan"] == ("P",)


SOME = st.sampled_from(["pan", "polygon", "select", "zoom_in", "undo"])
SOME_KEYS = st.lists(st.sampled_from(["P", "X", "V", "+", "Ctrl+Z", "Ctrl+K", "Space"]), max_size=3)


@how(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(SOME, SOME_KEYS))
def test_whatever_is_kept_no_key_does_two_things(kept: dict[str, list[str]]) -> None:
    keys.reset_all()
    for name, wanted in kept.items():
        QSettings().setValue(f"keys/asap/{name}", json.dumps(wanted))
    counted = Counter(key for bound in keys.bindings().values() for key in bound)
    assert max(counted.values()) == 1


def test_actions_get_their_keys_and_say_them(qtbot: QtBot) -> None:
    actions = {name: QAction(name) for name in keys.SPECS}
    keys.apply(actions)
    assert "(P)" in actions["polygon"].toolTip()
    keys.rebind("polygon", ["Ctrl+K"])
    keys.apply(actions)
    assert actions["polygon"].shortcut() == QKeySequence("Ctrl+K")
    assert f"({keys.native('Ctrl+K')})" in actions["polygon"].toolTip()
    keys.rebind("polygon", [])
    keys.apply(actions)
    assert actions["polygon"].shortcuts() == []
    assert "(" not in actions["polygon"].toolTip()
