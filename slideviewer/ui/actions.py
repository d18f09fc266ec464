"""Every action of the window in one table: words, keys, icon, and where it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from slideviewer.ui.action_spec import ActionSpec
from slideviewer.ui.icons import icon

SEPARATOR = "-"


Rows = tuple[ActionSpec | str, ...]
"""One menu, top to bottom; `SEPARATOR` between groups."""


def _toggle(name: str, text: str, *keys: str, icon: str = "", tip: str = "") -> ActionSpec:
    return ActionSpec(name, text, keys, icon, checkable=True, tip=tip)


def _tool(
    name: str, text: str, icon: str, *keys: str, qupath: tuple[str, ...] | None = None
) -> ActionSpec:
    return ActionSpec(name, text, keys, icon, checkable=True, exclusive=True, qupath=qupath)


def _magnify(name: str, text: str, *keys: str) -> ActionSpec:
    return ActionSpec(name, text, keys, submenu="Magni&fication")


def _turn(name: str, text: str, *keys: str, icon: str = "") -> ActionSpec:
    return ActionSpec(name, text, keys, icon, submenu="Ro&tate and flip")


FILE: Rows = (
    ActionSpec("open_slide", "&Open slide…", ("Ctrl+O",), "folder-open-outline"),
    ActionSpec("open_folder", "Open &folder…", ("Ctrl+Alt+O",), tip="List a folder's slides"),
    ActionSpec("recent", "Open &recent", filled_when_shown=True),
    ActionSpec("open_annotations", "Open anno&tations…", ("Ctrl+Shift+O",)),
    SEPARATOR,
    ActionSpec("save", "&Save annotations", ("Ctrl+S",), "content-save-outline"),
    ActionSpec("save_as", "Save annotations &as…", ("Ctrl+Shift+S",)),
    ActionSpec("export_prediction", "&Export prediction…", ("Ctrl+E",)),
    SEPARATOR,
    ActionSpec("save_view", "Save &view as picture…"),
    ActionSpec("save_region", "Save re&gion as picture…"),
    SEPARATOR,
    ActionSpec("next_slide", "&Next slide in the folder", ("Ctrl+PgDown",)),
    ActionSpec("previous_slide", "&Previous slide in the folder", ("Ctrl+PgUp",)),
    ActionSpec("slide_info", "Slide &information", ("Ctrl+I",), tip="With label and macro image"),
    ActionSpec("slide_problems", "Pro&blems of the slide"),
    SEPARATOR,
    ActionSpec("quit", "&Quit", ("Ctrl+Q",)),
)

EDIT: Rows = (
    ActionSpec("undo", "&Undo", ("Ctrl+Z",), "undo"),
    ActionSpec("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    SEPARATOR,
    ActionSpec("delete", "&Delete annotation", ("Shift+Del",)),
    ActionSpec("accept", "&Accept predicted region into the markup", ("Y",)),
    ActionSpec("copy_view", "&Copy view", ("Ctrl+Alt+C",), tip="Copy what is shown as a picture"),
    SEPARATOR,
    ActionSpec("command_palette", "Command pa&lette…", ("Ctrl+L",)),
    ActionSpec("preferences", "&Preferences…", ("Ctrl+,",)),
)

TOOLS: Rows = (
    _tool("pan", "&Pan", "hand-back-right-outline", "X", qupath=("M",)),
    _tool("select", "&Select and reshape", "cursor-default-outline", "V"),
    _tool("polygon", "Draw p&olygon", "vector-polygon", "P"),
    _tool("ruler", "&Measure", "ruler", "M", qupath=("L",)),
)

VIEW: Rows = (
    ActionSpec("whole_slide", "&Whole slide", ("0",), "fit-to-page-outline"),
    _magnify("magnify_1_25", "1.25×"),
    _magnify("magnify_1", "2.5×", "1"),
    _magnify("magnify_2", "5×", "2"),
    _magnify("magnify_3", "10×", "3"),
    _magnify("magnify_4", "20×", "4"),
    _magnify("magnify_5", "40×", "5"),
    _magnify("magnify_80", "80×", "6"),
    ActionSpec("zoom_in", "&Zoom in", ("+", "=")),
    ActionSpec("zoom_out", "Zoom &out", ("-",)),
    ActionSpec("go_to", "&Go to…", ("Ctrl+G",), tip="Go to a place by its coordinates"),
    ActionSpec("bookmark_add", "Add &bookmark…", ("Ctrl+B",), "bookmark-plus-outline"),
    ActionSpec("bookmarks", "Book&marks", ("Ctrl+Shift+B",), "bookmark-multiple-outline"),
    _turn("rotate_left", "Rotate &left", "Ctrl+Left", icon="rotate-left"),
    _turn("rotate_right", "Rotate &right", "Ctrl+Right", icon="rotate-right"),
    _turn("rotate_by", "Rotate by any &angle…"),
    _turn("rotate_reset", "&Upright again", "Ctrl+Up"),
    _turn("flip_horizontal", "Flip &horizontally", icon="flip-horizontal"),
    _turn("flip_vertical", "Flip &vertically", icon="flip-vertical"),
    SEPARATOR,
    _toggle("show_markup", "Specialist ma&rkup", "A"),
    ActionSpec("show_prediction", "&Predicted tumour", ("H",), checkable=True, qupath=("D", "H")),
    _toggle("show_names", "&Names of annotations", "N"),
    _toggle("show_grid", "Gri&d", "G"),
    _toggle("show_overview", "O&verview"),
    _toggle("show_scale_bar", "&Scale bar"),
    _toggle("show_visited", "Where &I have been", tip="Mark the parts that were looked at"),
    ActionSpec("clear_visited", "Forg&et where I have been"),
    SEPARATOR,
    ActionSpec("adjust", "&Adjust brightness and colours…", ("Shift+C",)),
    _toggle("show_icc", "&Colours by the slide's profile", tip="Use the slide's ICC profile"),
    SEPARATOR,
    _toggle("slide_tray", "S&lides of the folder", "Ctrl+T"),
    _toggle("full_screen", "F&ull screen", "F11"),
    _toggle("hide_chrome", "&Hide everything but the slide", "Tab"),
)

COMPARE: Rows = (
    ActionSpec("view_add", "&Add a view beside", ("Ctrl+Shift+N",), "plus-box-outline"),
    ActionSpec("view_close", "&Close the view", ("Ctrl+W",)),
    ActionSpec("view_next", "&Next view", ("F6",)),
    ActionSpec("view_previous", "&Previous view", ("Shift+F6",)),
    ActionSpec("view_grid_1x1", "&One view", submenu="&Grid of views"),
    ActionSpec("view_grid_1x2", "Two &beside each other", submenu="&Grid of views"),
    ActionSpec("view_grid_2x2", "&Four: 2 × 2", submenu="&Grid of views"),
    ActionSpec("view_grid_3x3", "&Nine: 3 × 3", submenu="&Grid of views"),
    SEPARATOR,
    _toggle("sync_views", "&Move views together", "Ctrl+Alt+S"),
    ActionSpec("align_views", "A&lign views by points…"),
    # Not B alone: that is the brush in hands that know QuPath.
    _toggle("blink", "&Blink between two slides", "Shift+B"),
    _toggle("swipe", "&Swipe between two slides", "Shift+S"),
)

PREDICT: Rows = (
    ActionSpec("predict", "&Predict", ("Ctrl+R",), "play-circle-outline"),
    ActionSpec("cancel", "&Cancel", ("Ctrl+.",), "stop-circle-outline"),
)

HELP: Rows = (
    ActionSpec("user_guide", "&User guide", ("F1",), "help-circle-outline"),
    ActionSpec("tour", "&Tour of the window"),
    ActionSpec("about", "&About slideviewer"),
)

MENUS: Mapping[str, Rows] = {
    "&File": FILE,
    "&Edit": EDIT,
    "&Tools": TOOLS,
    "&View": VIEW,
    "&Compare": COMPARE,
    "&Predict": PREDICT,
    "&Help": HELP,
}

ACTIONS = tuple(row for rows in MENUS.values() for row in rows if isinstance(row, ActionSpec))

TOOLBAR = (
    *("open_slide", "save", SEPARATOR, "undo", "redo", SEPARATOR),
    *("pan", "select", "polygon", "ruler", SEPARATOR, "whole_slide", SEPARATOR),
)

MAGNIFICATIONS = {
    "magnify_1_25": 1.25,
    **{f"magnify_{i}": value for i, value in enumerate((2.5, 5, 10, 20, 40), 1)},
    "magnify_80": 80,
}


def build(
    window: QMainWindow, handlers: Mapping[str, Callable[..., object]]
) -> tuple[dict[str, QAction], QToolBar]:
    """Make the actions, menus and toolbar of a window.

    Parameters
    ----------
    window : QMainWindow
    handlers : mapping of action name to function
        One for each action of the table; checkable ones are called with their new state.

    Raises
    ------
    ValueError
        Where an action has no handler, or a handler no action.
    """
    known = {spec.name for spec in ACTIONS}
    lost = sorted((known - handlers.keys()) | (handlers.keys() - known))
    if lost:
        raise ValueError(f"actions without a handler, or handlers without an action: {lost}")
    tools = QActionGroup(window)
    actions: dict[str, QAction] = {}
    for title, rows in MENUS.items():
        menu = window.menuBar().addMenu(title)
        submenus: dict[str, QMenu] = {}
        for row in rows:
            if isinstance(row, str):
                menu.addSeparator()
                continue
            if row.submenu and row.submenu not in submenus:
                submenus[row.submenu] = menu.addMenu(row.submenu)
            action = _make(row, window, handlers[row.name])
            submenus.get(row.submenu, menu).addAction(action)
            if row.exclusive:
                tools.addAction(action)
            actions[row.name] = action
    toolbar = window.addToolBar("Tools")
    toolbar.setObjectName("toolbar")
    toolbar.setMovable(False)
    for name in TOOLBAR:
        if name == SEPARATOR:
            toolbar.addSeparator()
        else:
            toolbar.addAction(actions[name])
    dress(actions)
    return actions, toolbar


def bind(action: QAction, spec: ActionSpec, keys: Iterable[str]) -> None:
    """Give an action its keys, and a tooltip that names the first of them."""
    sequences = [QKeySequence(key) for key in keys]
    action.setShortcuts(sequences)
    words = f"{spec.plain_text}: {spec.tip}" if spec.tip else spec.plain_text
    shown = sequences[0].toString(QKeySequence.SequenceFormat.NativeText) if sequences else ""
    action.setToolTip(f"{words} ({shown})" if shown else words)


def dress(actions: Mapping[str, QAction]) -> None:
    """Give the actions their icons, in the colours of the present palette."""
    for spec in ACTIONS:
        if spec.icon:
            actions[spec.name].setIcon(icon(spec.icon))


def _make(spec: ActionSpec, window: QMainWindow, handler: Callable[..., object]) -> QAction:
    if spec.filled_when_shown:
        menu = QMenu(spec.text, window)
        action = menu.menuAction()
        menu.aboutToShow.connect(lambda: handler(menu))
    else:
        action = QAction(spec.text, window)
        action.setCheckable(spec.checkable)
        signal = action.toggled if spec.checkable else action.triggered
        signal.connect(_caller(handler, with_state=spec.checkable))
    action.setObjectName(spec.name)
    bind(action, spec, spec.keys)
    return action


def _caller(handler: Callable[..., object], *, with_state: bool) -> Callable[[bool], None]:
    def call(state: bool = False) -> None:
        handler(state) if with_state else handler()

    return call
