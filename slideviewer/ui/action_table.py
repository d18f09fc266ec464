"""Every action of the window in one table: words, keys, icon, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping

from slideviewer.ui.action_spec import ActionSpec

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


def _geometry(name: str, text: str, tip: str = "") -> ActionSpec:
    return ActionSpec(name, text, submenu="&Geometry", tip=tip)


def _turn(name: str, text: str, *keys: str, icon: str = "") -> ActionSpec:
    return ActionSpec(name, text, keys, icon, submenu="Ro&tate and flip")


def _worklist(name: str, text: str, *keys: str) -> ActionSpec:
    return ActionSpec(name, text, keys, submenu="&Worklist")


def _group(number: int) -> ActionSpec:
    tip = "Put what is selected into it; with nothing selected, draw in it"
    text, keys = f"Group &{number} of the panel", (f"Ctrl+{number}",)
    return ActionSpec(f"group_{number}", text, keys, submenu="Int&o group", tip=tip)


FILE: Rows = (
    ActionSpec("open_slide", "&Open slide…", ("Ctrl+O",), "folder-open-outline"),
    ActionSpec("open_folder", "Open &folder…", ("Ctrl+Alt+O",), tip="List a folder's slides"),
    ActionSpec("recent", "Open &recent", filled_when_shown=True),
    ActionSpec("open_annotations", "Open anno&tations…", ("Ctrl+Shift+O",)),
    ActionSpec("import_annotations", "I&mport annotations…", tip="Add those of a file"),
    SEPARATOR,
    ActionSpec("save", "&Save annotations", ("Ctrl+S",), "content-save-outline"),
    ActionSpec("save_as", "Save annotations &as…", ("Ctrl+Shift+S",)),
    ActionSpec("show_differences", "Show &differences to the file…", tip="Before saving"),
    ActionSpec("export_prediction", "&Export prediction…", ("Ctrl+E",)),
    ActionSpec("export_table", "Export tab&le…", tip="Write the annotations as CSV"),
    ActionSpec("export_report", "Export report…", tip="What was predicted, marked and decided"),
    ActionSpec("export_mask", "Export mask…", tip="Write the annotations as labelled pixels"),
    ActionSpec("import_mask", "Import mask…", tip="Make annotations of labelled pixels"),
    SEPARATOR,
    ActionSpec("save_view", "Save &view as picture…"),
    ActionSpec("save_region", "Save re&gion as picture…"),
    SEPARATOR,
    ActionSpec("next_slide", "&Next slide in the folder", ("Ctrl+PgDown",)),
    ActionSpec("previous_slide", "&Previous slide in the folder", ("Ctrl+PgUp",)),
    ActionSpec("next_unread", "Next slide that is not done", ("Ctrl+Shift+PgDown",)),
    _worklist("mark_done", "&Done, and open the next", "Ctrl+Return"),
    _worklist("mark_in_review", "In &review"),
    _worklist("mark_unread", "&Unread"),
    _worklist("worklist_begin", "&Keep a worklist of this folder"),
    _worklist("worklist_from_table", "Worklist from a &table…"),
    _worklist("worklist_predict", "&Predict all that are unread"),
    _worklist("worklist_stop", "&Stop predicting the list"),
    _worklist("worklist_export", "&Export the list…"),
    ActionSpec("slide_info", "Slide &information", ("Ctrl+I",), tip="With label and macro image"),
    ActionSpec("slide_problems", "Pro&blems of the slide"),
    SEPARATOR,
    ActionSpec("quit", "&Quit", ("Ctrl+Q",)),
)

EDIT: Rows = (
    ActionSpec("undo", "&Undo", ("Ctrl+Z",), "undo"),
    ActionSpec("redo", "&Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "redo"),
    SEPARATOR,
    ActionSpec("cut_annotations", "Cu&t annotations", ("Ctrl+X",)),
    ActionSpec("copy_annotations", "Cop&y annotations", ("Ctrl+C",), tip="As ASAP's XML"),
    ActionSpec("paste_annotations", "Pa&ste annotations", ("Ctrl+V",), tip="As large in µm"),
    ActionSpec("duplicate", "Duplicat&e annotations", ("Ctrl+D",)),
    ActionSpec("edit_annotations", "C&hange annotations…", ("Alt+Return",), tip="Name, group …"),
    ActionSpec("measure_intensity", "Measure &intensity", tip="Of the slide inside them"),
    ActionSpec("delete", "&Delete annotation", ("Shift+Del",)),
    ActionSpec("shift_by_offset", "Shi&ft annotations by the slide's offset…"),
    *(_group(number) for number in range(1, 10)),
    ActionSpec("group_chosen", "The &chosen group of the panel", submenu="Int&o group"),
    ActionSpec("group_add", "&New group…", submenu="Int&o group", tip="Add a group"),
    ActionSpec("edit_attributes", "Attri&butes…", tip="Keys and values of the annotation"),
    _geometry("unite", "&Unite", "Make one shape of those that touch"),
    _geometry("subtract", "&Subtract", "Take the others away from the first selected shape"),
    _geometry("intersect", "&Intersect", "Leave what all selected shapes cover"),
    _geometry("fill_holes", "&Fill holes"),
    _geometry("simplify", "Sim&plify…", "Have fewer points"),
    _geometry("smooth", "S&mooth", "Round the corners"),
    _geometry("grow", "&Grow or shrink…"),
    _geometry("repair", "&Repair self-crossing"),
    _geometry("snap", "S&nap to neighbours", "Lay near outlines onto each other"),
    ActionSpec("copy_view", "&Copy view", ("Ctrl+Alt+C",), tip="Copy what is shown as a picture"),
    SEPARATOR,
    ActionSpec("command_palette", "Command pa&lette…", ("Ctrl+L",)),
    ActionSpec("preferences", "&Preferences…", ("Ctrl+,",)),
)

TOOLS: Rows = (
    _tool("pan", "&Pan", "hand-back-right-outline", "X", qupath=("M",)),
    _tool("select", "&Select and reshape", "cursor-default-outline", "V"),
    _tool("dot", "&Dot", "circle-medium", "D", qupath=("Shift+D",)),
    _tool("rectangle", "Draw &rectangle", "vector-rectangle", "R"),
    _tool("polygon", "Draw p&olygon", "vector-polygon", "P"),
    _tool("spline", "Draw sp&line", "vector-curve", "S"),
    _tool("point_set", "Po&int set", "dots-hexagon", "I"),
    _tool("measurement", "Draw &measurement", "tape-measure", "M", qupath=("L",)),
    SEPARATOR,
    _tool("brush", "&Brush", "brush", "B"),
    _tool("eraser", "&Eraser", "eraser", "E"),
    ActionSpec("brush_smaller", "Sm&aller brush", (",",)),
    ActionSpec("brush_larger", "Lar&ger brush", (".",)),
    _tool("wand", "&Wand", "auto-fix", "W"),
    _tool("cut", "&Cut line", "box-cutter", "C"),
    SEPARATOR,
    _tool("ruler", "R&uler", "ruler", "Shift+M"),
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
    _toggle("colour_by_group", "Colour outlines b&y group", tip="In ASAP's colours"),
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
    ActionSpec("predict_view", "Predict what is in &view", ("Ctrl+Shift+R",)),
    ActionSpec("predict_with", "Predict &with options…", tip="Where, how fine, how long"),
    SEPARATOR,
    _toggle("pause", "Pa&use", "Ctrl+Shift+.", icon="pause-circle-outline"),
    ActionSpec("cancel", "&Cancel", ("Ctrl+.",), "stop-circle-outline"),
    ActionSpec("predictions", "&List of predictions", tip="What runs, waits and has ended"),
    ActionSpec("training", "Tra&in a model…", ("F8",), tip="Of slides or pictures"),
    SEPARATOR,
    ActionSpec("show_card", "Car&d of the model", tip="What it is, how good, and where it fails"),
    ActionSpec("show_tissue", "Show &tissue…", tip="Outline what counts as tissue, to edit it"),
    ActionSpec(
        "regions_to_markup",
        "Turn prediction into &annotations…",
        tip="Tiles that touch become one outline",
    ),
    SEPARATOR,
    ActionSpec("improve_model", "I&mprove the model…", tip="Let it learn from the review"),
    ActionSpec("former_model", "Back to the &former model", tip="That this one was made of"),
)

REVIEW: Rows = (
    ActionSpec("review", "&Review differences", ("F7",), tip="Red against blue"),
    SEPARATOR,
    _toggle("read_blind", "Read &blind", tip="Hide predictions until a slide is marked as read"),
    ActionSpec("mark_read", "Mar&k as read", ("Ctrl+Shift+Return",), tip="Then show predictions"),
    SEPARATOR,
    ActionSpec("next_finding", "&Next finding", ("]", "J"), tip="Fly to it"),
    ActionSpec("previous_finding", "&Previous finding", ("[", "K")),
    SEPARATOR,
    _toggle("review_grid", "Findings as p&ictures", "Ctrl+F7", icon="view-grid-outline"),
    SEPARATOR,
    ActionSpec("accept", "&Accept", ("Y",), tip="The markup then says what the model does"),
    ActionSpec("reject", "Re&ject", ("U",), tip="The markup stays as it is"),
    ActionSpec("defer", "&Defer", ("L",), qupath=("Shift+L",), tip="Decide later"),
    ActionSpec("relabel", "Re&label…", ("Shift+Y",), tip="Accept it into another group"),
    ActionSpec("decide_many", "Decide on &several…", tip="From a score on, within a region"),
    SEPARATOR,
    ActionSpec("export_decisions", "&Export decisions…", tip="Who decided what, when and why"),
    ActionSpec("export_trail", "Export audit &trail…", tip="What made each annotation, and who"),
    SEPARATOR,
    ActionSpec("metrics", "&Metrics", ("Shift+F7",), tip="How good the prediction is, live"),
    ActionSpec(
        "compare_annotators",
        "&Compare two annotators…",
        tip="The open markup with that of another file",
    ),
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
    "&Review": REVIEW,
    "&Help": HELP,
}

ACTIONS = tuple(row for rows in MENUS.values() for row in rows if isinstance(row, ActionSpec))

FILLED_WHEN_SHOWN = frozenset(spec.name for spec in ACTIONS if spec.filled_when_shown)
"""The menus among them; between two times they hold what was there at the first."""

TOOLBAR = (
    *("open_slide", "save", SEPARATOR, "undo", "redo", SEPARATOR),
    *("pan", "select", SEPARATOR, "dot", "rectangle", "polygon", "spline", "point_set"),
    *("measurement", SEPARATOR, "brush", "eraser", "wand", "cut", SEPARATOR, "ruler"),
    *(SEPARATOR, "whole_slide", SEPARATOR),
)

MAGNIFICATIONS = {
    "magnify_1_25": 1.25,
    **{f"magnify_{i}": value for i, value in enumerate((2.5, 5, 10, 20, 40), 1)},
    "magnify_80": 80,
}
