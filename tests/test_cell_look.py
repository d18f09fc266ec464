"""How a prediction is coloured, and what is told of one tile."""

import pickle
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from test_adjust_panel import type_number
from window_fixtures import OpenSlide, click, drag, settle

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.geometry import Rect
from slideviewer.inference.grid import Grid
from slideviewer.inference.prediction import CellBatch, Prediction
from slideviewer.slide.tissue import TissueMask
from slideviewer.ui.cell_steps import STEPS, VALUES, CellSteps, step_of
from slideviewer.ui.cells import CellLook, Cells
from slideviewer.ui.palettes import PALETTES
from slideviewer.ui.window import MainWindow

CELL = 200


def prediction(tumour: np.ndarray, spread: np.ndarray | None = None) -> Prediction:
    """Cells over the made slide."""
    rows, columns = tumour.shape
    scores = np.stack([1 - tumour, tumour], axis=2).astype(np.float32)
    grid = Grid(0, 0, CELL, columns, rows)
    return Prediction(grid, ("Background", "Tumor"), scores, 1, 0.5, spread=spread)


def some(rows: int = 15, columns: int = 20) -> np.ndarray:
    made = np.random.default_rng(4).random((rows, columns)).astype(np.float32)
    made[:, 0] = np.nan
    return made


def test_a_span_chosen_for_uncertainty_is_none_for_probabilities(qtbot: QtBot) -> None:
    cells = Cells()
    cells.show_prediction(prediction(some(), some() / 4))
    cells.look = CellLook(shows_spread=True, span=(0.0, 0.2))
    assert cells.span == (0.0, 0.2)
    cells.show_prediction(prediction(some()))
    assert cells.span == (0.5, 1.0)


@given(
    arrays(np.float32, (4, 5), elements=st.sampled_from([0.0, 0.1, 0.5, 1.0, float("nan")])),
    st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0]),
)
def test_counts_are_those_of_the_values_however_they_came(
    values: np.ndarray, threshold: float
) -> None:
    at_once = CellSteps.of(values)
    one_by_one = CellSteps(*values.shape)
    for row in range(4):
        columns = np.arange(5, dtype=np.int32)
        one_by_one.put(np.full(5, row, np.int32), columns, values[row])
        one_by_one.put(np.full(5, row, np.int32), columns, values[row])  # twice is once
    for steps in (at_once, one_by_one):
        assert steps.count_from(threshold) == int((values >= np.float32(threshold)).sum())
        assert steps.looked_at == int(np.isfinite(values).sum())
        assert np.array_equal(steps.part(0, 0, 5, 4) == 0, np.isnan(values))
        assert steps.highest == pytest.approx(np.nanmax([*values.ravel(), 0.0]), abs=1 / STEPS)


@given(st.floats(0, 1))
def test_a_step_is_as_near_as_it_can_be(value: float) -> None:
    assert abs(VALUES[step_of(value)] - value) <= 0.5 / (STEPS - 1) + 1e-12


def test_parts_of_a_smooth_picture_meet_without_a_seam() -> None:
    steps = CellSteps.of(some())
    whole = steps.smooth_part(0, 0, 20, 15, 6)
    for left, top, right, bottom in ((0, 0, 7, 5), (7, 5, 20, 15), (3, 14, 4, 15)):
        part = steps.smooth_part(left, top, right, bottom, 6)
        assert np.array_equal(part, whole[top * 6 : bottom * 6, left * 6 : right * 6])


def test_a_smooth_picture_has_the_values_in_the_middles_and_is_not_paler_beside_glass() -> None:
    values = np.full((3, 4), 0.75, np.float32)
    values[:, 0] = np.nan
    steps = CellSteps.of(values).smooth_part(0, 0, 4, 3, 5)
    assert set(np.unique(steps).tolist()) == {0, step_of(0.75)}
    assert (steps[:, 5:] > 0).all() and (steps[:, :2] == 0).all()
    steps = CellSteps.of(some()[:, 1:]).smooth_part(0, 0, 19, 15, 5)
    assert np.array_equal(steps[2::5, 2::5], CellSteps.of(some()[:, 1:]).part(0, 0, 19, 15))


@pytest.mark.parametrize("name", PALETTES)
def test_a_palette_runs_from_its_first_colour_to_its_last(name: str) -> None:
    palette = PALETTES[name]
    first, last = palette.at(np.array([0.0, 1.0]))[:, :3].round().astype(int).tolist()
    for found, anchor in ((first, palette.anchors[0]), (last, palette.anchors[-1])):
        assert "#" + "".join(f"{part:02x}" for part in found) == anchor


@pytest.mark.usefixtures("qapp")
def test_a_threshold_hides_what_is_below_in_any_colours() -> None:
    cells = Cells()
    cells.show_prediction(prediction(some()))
    for palette in PALETTES:
        cells.look = CellLook(palette)
        for threshold in (0.2, 0.7):
            cells.threshold = threshold
            seen = cells.pixels(0, 0, 20, 15, 1, 1.0) >> 24 > 0
            assert np.array_equal(seen, some() >= np.float32(threshold))


@pytest.mark.usefixtures("qapp")
def test_the_uncertainty_is_shown_of_all_that_was_looked_at() -> None:
    cells = Cells()
    spread = some() / 4
    cells.show_prediction(prediction(some()))
    cells.look = CellLook(shows_spread=True)
    assert not cells.shows_spread and cells.span == (0.5, 1.0), "nobody knows it"
    cells.show_prediction(prediction(some(), spread))
    assert cells.shows_spread
    assert cells.span == (0.0, pytest.approx(np.nanmax(spread), abs=1e-4))
    alpha = cells.pixels(0, 0, 20, 15, 1, 1.0) >> 24
    assert np.array_equal(alpha > 0, np.isfinite(spread))
    assert alpha[np.unravel_index(np.nanargmax(spread), spread.shape)] == 255
    where = np.array([0], np.int32)
    sure = np.array([[0.0, 1.0]], np.float32)
    cells.add(CellBatch(where, where, sure, np.array([0.5], np.float32)))
    assert cells.span == (0.0, pytest.approx(0.5, abs=1e-4))
    answer = cells.answer_at(1, 1)
    assert answer is not None and answer.spread == pytest.approx(0.5)


def test_colours_are_chosen_in_the_layers_panel(
    qtbot: QtBot, open_slide: OpenSlide, made_slide: object
) -> None:
    window = open_slide(made_slide)  # type: ignore[arg-type]
    panel = window.layers_panel.look
    assert not panel.isVisible(), "there is no prediction yet"
    window.cells.show_prediction(prediction(some()))
    settle(qtbot, window)
    red = window.canvas.grab().toImage()
    assert panel.isVisible() and not panel.shown.isVisible()
    assert (panel.low.value(), panel.high.value()) == (0.5, 1)
    summary = window.layers_panel.summary.text()
    panel.colours.setFocus()
    QTest.keyClick(panel.colours, Qt.Key.Key_Down)
    assert window.cells.look.palette == "viridis"
    settle(qtbot, window)
    assert window.canvas.grab().toImage() != red
    panel.smooth.click()
    assert window.cells.look.is_smooth
    assert window.layers_panel.summary.text() == summary
    window.cells.threshold = 0.25
    assert (panel.low.value(), panel.high.value()) == (0.25, 1)
    type_number(panel.high, "0.8")
    assert window.cells.span == (0.25, 0.8) and panel.automatic.isEnabled()
    window.cells.threshold = 0.3
    assert window.cells.span == (0.25, 0.8), "as it was chosen"
    panel.automatic.click()
    assert window.cells.span == (0.3, 1)
    window.cells.show_prediction(prediction(some(), some() / 4))
    assert panel.shown.isVisible()
    QTest.keyClick(panel.shown, Qt.Key.Key_Down)
    assert window.cells.shows_spread and panel.low.value() == 0
    assert panel.high.value() == pytest.approx(np.nanmax(some()) / 4, abs=1e-3)
    again = MainWindow()
    assert again.cells.look == CellLook("viridis", is_smooth=True), "kept for the next time"
    again.let_go()
    again.deleteLater()


@pytest.fixture
def predicted(open_slide: OpenSlide, made_slide: object) -> Callable[[], MainWindow]:
    def show() -> MainWindow:
        window = open_slide(made_slide)  # type: ignore[arg-type]
        window.cells.show_prediction(prediction(some()))
        return window

    return show


def test_a_click_on_a_tile_says_what_the_model_says(
    qtbot: QtBot, predicted: Callable[[], MainWindow]
) -> None:
    window = predicted()
    cards = window.cell_cards
    click(window.canvas, 2.5 * CELL, 3.5 * CELL)
    assert cards.card is not None and cards.card.isVisible()
    tumour = some()[3, 2]
    values = sorted([("Tumor", tumour), ("Background", 1 - tumour)], key=lambda it: -it[1])
    assert cards.card.lines == (
        *(f"{name}: {value:.3f}" for name, value in values),
        "Tile of 50.0 µm",
    )
    settle(qtbot, window)
    place = window.canvas.viewpoint.to_screen(2 * CELL, 3.5 * CELL)
    shown = window.canvas.grab().toImage().pixelColor(QPoint(*map(round, place)))
    assert shown.red() > 200 and shown.green() < 60, "its frame"
    click(window.canvas, 2.6 * CELL, 3.6 * CELL)
    assert cards.card is None, "a second click takes it away"
    click(window.canvas, 0.5 * CELL, 3.5 * CELL)
    assert cards.card is None, "the model did not look there"
    click(window.canvas, 2.5 * CELL, 3.5 * CELL)
    assert cards.card is not None
    window.named_actions["brush"].trigger()
    assert cards.card is None, "another tool has begun"


def test_no_card_comes_of_dragging_of_other_tools_or_of_annotations(
    predicted: Callable[[], MainWindow],
) -> None:
    window = predicted()
    cards, at = window.cell_cards, (2.5 * CELL, 3.5 * CELL)
    drag(window.canvas, at, (5 * CELL, 5 * CELL))
    assert cards.card is None
    window.named_actions["dot"].trigger()
    click(window.canvas, *at)
    assert cards.card is None
    square = as_points([(1000, 800), (2000, 800), (2000, 1600), (1000, 1600)])
    made = Annotation("A", Kind.POLYGON, square)
    window.session.document.apply("Add", {made.id: made})
    window.named_actions["select"].trigger()
    click(window.canvas, 1000, 1200)
    assert window.session.selection.ids == {made.id} and cards.card is None
    click(window.canvas, 3 * CELL, 9.5 * CELL)
    assert not window.session.selection.ids and cards.card is not None
    window.views.active.cells.visible = False
    click(window.canvas, 5.5 * CELL, 9.5 * CELL)
    assert cards.card is None, "the prediction is hidden"


def test_a_card_goes_with_its_prediction(predicted: Callable[[], MainWindow]) -> None:
    window = predicted()
    click(window.canvas, 2.5 * CELL, 3.5 * CELL)
    window.cells.threshold = 0.9
    assert window.cell_cards.card is not None
    window.cells.clear()
    assert window.cell_cards.card is None


def test_a_mask_crosses_a_pipe_packed() -> None:
    mask = np.zeros((2000, 3001), np.bool_)
    mask[500:900, 100:2000] = True
    made = TissueMask(mask, Rect(0, 0, 60020, 40000), 10.0)
    made.fraction(Rect(0, 0, 50, 50))  # whatever it keeps for itself stays behind
    sent = pickle.dumps(made)
    got = pickle.loads(sent)
    assert len(sent) < 100_000
    assert np.array_equal(got.mask, mask)
    assert (got.extent, got.spacing_um_px, got.parameters) == (made.extent, 10.0, made.parameters)
