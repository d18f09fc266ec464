"""Templates of groups: those that are built in, and the user's own in their file."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu
from pytestqt.qtbot import QtBot
from window_fixtures import answer

from slideviewer import paths
from slideviewer.annotations import AnnotationSet, Group
from slideviewer.annotations.templates import BUILT_IN, Template
from slideviewer.errors import SlideviewerError
from slideviewer.ui.editing.templates import TemplateStore
from slideviewer.ui.window import MainWindow

names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
groups = st.builds(
    Group,
    name=names,
    parent=st.none() | names,
    colour=st.from_regex("#[0-9A-F]{6}", fullmatch=True),
    attributes=st.dictionaries(names, names, max_size=2),
)


def menu_of(window: MainWindow) -> QMenu:
    menu = window.editing.groups.panel.templates_menu
    menu.aboutToShow.emit()
    return menu


def entry(menu: QMenu, words: str) -> QAction:
    (found,) = [action for action in menu.actions() if action.text() == words]
    return found


def declared(window: MainWindow) -> list[str]:
    return list(window.session.document.annotations.groups)


def type_name(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: (name, True))


def test_the_built_in_ones_hold_the_names_of_their_data_sets() -> None:
    found = {template.name.split(":")[0]: template.groups for template in BUILT_IN}
    assert {name: [group.name for group in of] for name, of in found.items()} == {
        "Camelyon16": ["Tumor", "_0", "_1", "_2"],
        "Camelyon17": ["metastases", "normal"],
        "Tissue": ["tissue", "background", "artifact"],
    }
    for of in found.values():
        assert len({group.colour for group in of}) == len(of)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
@given(name=names, made=st.lists(groups, max_size=4))
def test_a_template_survives_its_file(tmp_path: Path, name: str, made: list[Group]) -> None:
    store = TemplateStore(tmp_path / "kept.json")
    template = Template(name, tuple(made))
    store.put(template)
    assert store.load()[name] == template
    assert store.remove(name) == template
    assert name not in store.load()


def test_what_no_file_can_hold_is_refused_in_words(tmp_path: Path) -> None:
    store = TemplateStore(tmp_path / "kept.json")
    with pytest.raises(SlideviewerError, match="cannot be kept"):
        store.put(Template("odd", (Group("\ud800"),)))
    assert store.load() == {}


def test_a_damaged_file_is_set_aside(window: MainWindow) -> None:
    file = paths.group_templates_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"templates": [{"name": "", "groups": []}]}')
    menu_of(window)
    assert any("damaged" in text for text in window.notices.texts)
    assert file.with_name("group-templates.damaged-1.json").exists()
    assert entry(menu_of(window), BUILT_IN[0].name)


def test_a_template_adds_what_is_missing_in_one_step(window: MainWindow) -> None:
    own = Group("_1", parent="Tumor", colour="#ABCDEF")
    window.session.document.open(AnnotationSet.of((), [own, Group("Tumor")]), None)
    entry(menu_of(window), BUILT_IN[0].name).trigger()
    assert declared(window) == ["_1", "Tumor", "_0", "_2"]
    assert window.session.document.annotations.groups["_1"] == own
    assert window.session.document.undo_stack.count() == 1
    entry(menu_of(window), BUILT_IN[0].name).trigger()
    assert window.session.document.undo_stack.count() == 1
    assert any("there already" in text for text in window.notices.texts)
    window.named_actions["undo"].trigger()
    assert declared(window) == ["_1", "Tumor"]


def test_own_templates_are_saved_used_replaced_and_deleted(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = "Save these groups as a template…"
    assert not entry(menu_of(window), save).isEnabled()
    document = window.session.document
    document.apply("Add", {}, (Group("A"), Group("B", "A", "#112233", {"k": "v"})))
    type_name(monkeypatch, "  Mine & \n yours ")
    entry(menu_of(window), save).trigger()
    document.open(AnnotationSet.of(), None)
    entry(menu_of(window), "Mine && yours").trigger()
    assert document.annotations.groups["B"] == Group("B", "A", "#112233", {"k": "v"})

    document.open(AnnotationSet.of((), [Group("C")]), None)
    answer(qtbot, "Stay")
    entry(menu_of(window), save).trigger()
    assert len(TemplateStore(paths.group_templates_file()).load()["Mine & yours"].groups) == 2
    answer(qtbot, "Replace it")
    entry(menu_of(window), save).trigger()
    kept = TemplateStore(paths.group_templates_file()).load()
    assert kept["Mine & yours"].groups == (Group("C"),)

    submenu = entry(menu_of(window), "Delete a template").menu()
    assert isinstance(submenu, QMenu)
    entry(submenu, "Mine && yours").trigger()
    assert TemplateStore(paths.group_templates_file()).load() == {}
    (notice,) = [it for it in window.notices.notices if "Deleted the template" in it.text]
    assert notice.button is not None
    notice.button.click()
    assert TemplateStore(paths.group_templates_file()).load() == kept


def test_a_name_that_is_built_in_is_not_taken(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.session.document.apply("Add", {}, (Group("A"),))
    type_name(monkeypatch, BUILT_IN[1].name)
    window.editing.groups.templates.ask_to_save()
    assert any("another name" in text for text in window.notices.texts)
    assert TemplateStore(paths.group_templates_file()).load() == {}
