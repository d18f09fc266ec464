"""The table of settings: types, ranges, and what damaged settings files lead to."""

from pathlib import Path

import pytest
from own_settings import use_settings_in
from PySide6.QtCore import QSettings

from slideviewer.ui import settings
from slideviewer.ui.settings import SETTINGS, read, write


@pytest.fixture(autouse=True)
def own_settings(user_folder: Path) -> None:
    use_settings_in(user_folder)


def test_names_are_unique_and_defaults_allowed() -> None:
    assert len({setting.name for setting in SETTINGS}) == len(SETTINGS)
    for setting in SETTINGS:
        assert read(setting) == setting.default
        write(setting, setting.default)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        (settings.ANIMATE, False),
        (settings.CACHE_MIB, 512),
        (settings.BACKGROUND, "black"),
    ],
)
def test_what_is_written_comes_back_from_the_file_with_its_type(
    setting: settings.Setting, value: object
) -> None:
    write(setting, value)
    QSettings().sync()
    assert read(setting) == value
    assert type(read(setting)) is type(setting.default)
    write(setting, setting.default)
    assert not QSettings().contains(setting.name)  # a later default would reach this user


@pytest.mark.parametrize(
    ("setting", "stored"),
    [
        (settings.ANIMATE, "perhaps"),
        (settings.ANIMATE, 7),
        (settings.CACHE_MIB, "much"),
        (settings.CACHE_MIB, -1),
        (settings.CACHE_MIB, 10**9),
        (settings.BACKGROUND, "pink"),
        (settings.KEYMAP, ["asap", "qupath"]),
    ],
)
def test_a_wrong_stored_value_falls_back(setting: settings.Setting, stored: object) -> None:
    QSettings().setValue(setting.name, stored)
    assert read(setting) == setting.default


def test_a_value_that_makes_no_sense_is_not_written() -> None:
    for setting, value in (
        (settings.CACHE_MIB, -5),
        (settings.CACHE_MIB, True),
        (settings.BACKGROUND, "pink"),
        (settings.ANIMATE, "true"),
    ):
        with pytest.raises(ValueError, match=setting.name):
            write(setting, value)
        assert read(setting) == setting.default
