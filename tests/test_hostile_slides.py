"""Files that are cut, rotten, replaced, gone or absurd, in the real window.

Whatever a file is, the window says so by the file's name and goes on: other tiles are shown, the
view moves, the next slide opens, and nothing lands in the log that belongs to a programmer.
"""

import gc
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from own_settings import use_settings_in
from PIL import Image
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from slide_fast_files import jpeg, picture, tile_place, write_encoded, write_tiff
from window_fixtures import drag, settle

from slideviewer.annotations import Annotation, Kind, as_points
from slideviewer.errors import SlideError
from slideviewer.geometry import Rect
from slideviewer.slide import Slide, UnknownSpacing, open_slide
from slideviewer.slide.display import damage_of
from slideviewer.slide.openslide_slide import OpenSlideSlide
from slideviewer.ui import opening
from slideviewer.ui.manner import Manner
from slideviewer.ui.tiles.loader import STOP_SECONDS
from slideviewer.ui.window import MainWindow

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


def new_window() -> MainWindow:
    made = MainWindow()
    made.views.set_manner(Manner(is_animated=False))
    made.resize(1100, 760)
    made.show()
    QTest.qWaitForWindowExposed(made)
    return made


def end(made: MainWindow) -> None:
    made.session.document.undo_stack.setClean()
    made.close()
    made.deleteLater()
    QApplication.processEvents()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainWindow]:
    """One window for all tests: no test may leave it unusable for the next."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SLIDEVIEWER_DATA_DIR", str(folder))
        QApplication.instance() or QApplication([])
        use_settings_in(folder)
        made = new_window()
        yield made
        end(made)


@pytest.fixture
def window(
    shared: MainWindow, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> Iterator[MainWindow]:
    """The shared window, empty; nothing that belongs to a programmer may land in the log."""
    yield shared
    shared.session.document.undo_stack.setClean()
    shared.views.set_shape(1, 1)
    shared.session.set_slide(None)
    shared.notices.clear()
    QApplication.processEvents()
    for record in caplog.get_records("call"):
        if record.name == "tifffile":
            continue  # what the library says of broken files is not shown to anybody
        assert record.levelno < logging.ERROR, record.getMessage()
        assert record.exc_info is None, record.getMessage()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A slide with nothing wrong: one level of 6 x 4 tiles, as Aperio's JPEG files are stored."""
    path = tmp_path_factory.mktemp("good") / "good slide.svs"
    pixels = picture(128 * 6, 128 * 4)
    return write_encoded(path, [pixels], lambda t: jpeg(t, "ycbcr"), 7, "ycbcr", aperio=True)


def open_it(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Open a slide that can be opened."""
    window.files.open_slide(path)
    qtbot.waitUntil(lambda: slide_of(window) is not None and slide_of(window).path == path)
    settle(qtbot, window)


def slide_of(window: MainWindow) -> Slide | None:
    return window.session.slide


def works(qtbot: QtBot, window: MainWindow, good: Path) -> None:
    """The window still opens a slide, shows it sharp and without a fault, and pans."""
    open_it(qtbot, window, good)
    assert not window.tiles.problems
    window.canvas.zoom_to(1.0)
    before = window.canvas.viewpoint
    extent = window.canvas.extent
    assert extent is not None
    middle = extent.centre
    drag(window.canvas, middle, (middle[0] + 60, middle[1] + 40))
    assert window.canvas.viewpoint != before
    settle(qtbot, window)
    assert not window.tiles.problems


def told(window: MainWindow, *parts: str) -> bool:
    """Whether one notice holds all these words."""
    return any(all(part in text for part in parts) for text in window.notices.texts)


def look_everywhere(qtbot: QtBot, window: MainWindow) -> None:
    """See all of a small slide at full size."""
    extent = window.canvas.extent
    assert extent is not None
    window.canvas.zoom_to(1.0)
    for x in np.arange(200, extent.right + 200, 600):
        for y in np.arange(150, extent.bottom + 150, 400):
            window.canvas.centre_on(float(x), float(y))
            settle(qtbot, window)


def read_again(window: MainWindow) -> None:
    """Have every tile in view read once more, whatever is there already."""
    view = window.views.active
    view.set_look(replace(view.look, gamma=1.5 if view.look.gamma == 1.0 else 1.0))
    window.grab()


# --- cut off ------------------------------------------------------------------------------------


def svs(path: Path) -> Path:
    pixels = picture(700, 500)
    levels = [pixels, np.ascontiguousarray(pixels[::4, ::4])]
    return write_tiff(path, levels, aperio=True, compression="jpeg")


def ome(path: Path) -> Path:
    pixels = picture(700, 500)
    with tifffile.TiffWriter(path, ome=True) as file:
        how: dict[str, Any] = {"tile": (128, 128), "photometric": "rgb", "compression": "zlib"}
        file.write(pixels, subifds=1, metadata={"axes": "YXS"}, **how)
        file.write(np.ascontiguousarray(pixels[::2, ::2]), subfiletype=1, **how)
    return path


def channels(path: Path) -> Path:
    planes = np.random.default_rng(4).integers(0, 4000, (3, 500, 700), np.uint16)
    with tifffile.TiffWriter(path, ome=True) as file:
        how: dict[str, Any] = {"tile": (128, 128), "compression": "zlib"}
        file.write(planes, subifds=1, metadata={"axes": "CYX"}, **how)
        file.write(np.ascontiguousarray(planes[:, ::2, ::2]), subfiletype=1, **how)
    return path


@pytest.mark.parametrize(
    ("make", "ending"), [(svs, ".svs"), (ome, ".ome.tif"), (channels, ".channels.ome.tif")]
)
def test_a_file_cut_anywhere_is_refused_or_its_damage_is_told(
    qtbot: QtBot,
    window: MainWindow,
    good: Path,
    tmp_path: Path,
    make: Callable[[Path], Path],
    ending: str,
) -> None:
    whole = make(tmp_path / f"whole{ending}").read_bytes()
    with tifffile.TiffFile(tmp_path / f"whole{ending}") as file:
        list_of_pages = file.pages[0].offset
    # In the header, in the first page's list of tags, and in the tiles of each level.
    cuts = [3, 7, 12, min(list_of_pages + 40, len(whole) - 9)]
    cuts += [int(len(whole) * share) for share in (0.3, 0.6, 0.95)] + [len(whole) - 3]
    for number, cut in enumerate(cuts):
        part = tmp_path / f"cut {number}{ending}"
        part.write_bytes(whole[:cut])
        window.notices.clear()
        window.files.open_slide(part)
        qtbot.waitUntil(
            lambda part=part: (
                told(window, str(part))
                or (slide_of(window) is not None and slide_of(window).path == part)
            )
        )
        if not told(window, str(part)):
            settle(qtbot, window)
            look_everywhere(qtbot, window)
            assert window.tiles.problems, f"cut at {cut} of {len(whole)}: all seems well"
            assert told(window, str(part), "hatched")
    works(qtbot, window, good)


# --- a rotten tile ------------------------------------------------------------------------------


@pytest.fixture
def rotten(good: Path, tmp_path: Path) -> Path:
    """The good slide, the tile in column 2, row 1 of which is garbage."""
    path = tmp_path / "rotten ü.svs"
    data = bytearray(good.read_bytes())
    offset, length = tile_place(good, 6 + 2)
    data[offset : offset + length] = bytes(length)
    path.write_bytes(data)
    return path


def test_a_rotten_tile_is_hatched_counted_listed_and_told_once(
    qtbot: QtBot, window: MainWindow, good: Path, rotten: Path
) -> None:
    open_it(qtbot, window, rotten)
    window.canvas.zoom_to(1.0)
    settle(qtbot, window)
    look_everywhere(qtbot, window)
    source = window.tiles.source
    assert source is not None
    places = [source.shown.pyramid.tile_rect(key) for key in source.problems]
    assert places == [Rect(256, 128, 128, 128)], "counted once, not for each level made of it"
    assert "damaged tile" in window.status.problems.text()
    about = [text for text in window.notices.texts if str(rotten) in text]
    assert len(about) == 1
    notice = next(it for it in window.notices.notices if it.text == about[0])
    assert notice.button is not None
    qtbot.waitUntil(notice.button.isVisible)
    QTest.mouseClick(notice.button, Qt.MouseButton.LeftButton)
    problems = window.aids.windows.problems
    assert problems is not None
    assert problems.table.model().rowCount() == len(source.problems)
    assert "256, 128" in problems.text
    # All others are shown: the pixels beside the bad tile are the file's.
    window.canvas.zoom_to(1.0)
    window.canvas.centre_on(448, 192)
    settle(qtbot, window)
    key = next(k for k in source.shown.pyramid.tiles_in(Rect(385, 129, 9, 9), 0))
    assert source.get(source.tile(key, window.views.active.look)) is not None
    window.canvas.show_home()
    settle(qtbot, window)
    window.canvas.centre_on(320, 192)
    settle(qtbot, window)
    assert [text for text in window.notices.texts if str(rotten) in text] == []
    works(qtbot, window, good)


def test_a_rotten_tile_counts_once_on_whatever_levels_it_was_met(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "levels.svs"
    levels = [picture(1536, 1024), picture(384, 256)]
    write_encoded(path, levels, lambda t: jpeg(t, "ycbcr"), 7, "ycbcr", aperio=True)
    offset, length = tile_place(path, 12 + 2)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(bytes(length))
    open_it(qtbot, window, path)
    window.canvas.zoom_to(0.5)  # a level made of tiles of level 0, that one among them
    settle(qtbot, window)
    source = window.tiles.source
    assert source is not None
    look_everywhere(qtbot, window)
    places = [source.shown.pyramid.tile_rect(key) for key in source.problems]
    assert places == [Rect(256, 128, 128, 128)]
    assert "1 damaged tile" in window.status.problems.text()
    works(qtbot, window, good)


def test_the_notice_of_damage_goes_with_its_slide(
    qtbot: QtBot, window: MainWindow, good: Path, rotten: Path
) -> None:
    open_it(qtbot, window, rotten)
    look_everywhere(qtbot, window)
    assert told(window, str(rotten))
    open_it(qtbot, window, good)
    qtbot.waitUntil(lambda: not told(window, str(rotten)))


@pytest.fixture(scope="module")
def vast(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """One level of 40,000 x 40,000 px whose tiles share one JPEG stream, and that stream."""
    path = tmp_path_factory.mktemp("vast") / "vast.tif"
    stream = jpeg(picture(256, 256), "ycbcr")
    return write_shared(path, 40_000, [stream]), stream


def write_shared(path: Path, side: int, streams: list[bytes], bad: dict[int, bytes] | None = None):
    """Write a square level of which all tiles are the streams in turn, and some others."""
    columns = -(-side // 256)
    count = columns * columns
    with tifffile.TiffWriter(path, bigtiff=True) as file:
        file.write(
            iter([streams[0]] + [b""] * (count - 1)),
            shape=(side, side, 3),
            dtype=np.uint8,
            tile=(256, 256),
            compression=7,
            photometric="ycbcr",
            subsampling=(2, 2),
            metadata=None,
        )
    offset, length = tile_place(path, 0)
    offsets, lengths = [offset] * count, [length] * count
    with path.open("ab") as file:
        for number, data in (bad or {}).items():
            offsets[number], lengths[number] = file.tell(), len(data)
            file.write(data)
    with tifffile.TiffFile(path, mode="r+b") as file:
        file.pages[0].tags[324].overwrite(offsets)
        file.pages[0].tags[325].overwrite(lengths)
    return path


def test_damage_under_a_made_level_is_hatched_listed_and_made_again(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    side, columns = 5000, 20
    number = 3 * columns + 7
    stream = jpeg(picture(256, 256), "ycbcr")
    path = write_shared(tmp_path / "flat.tif", side, [stream], {number: bytes(len(stream))})
    open_it(qtbot, window, path)
    source = window.tiles.source
    assert source is not None
    assert [part.rect for part in damage_of(source.shown)] == [Rect(1792, 768, 256, 256)]
    assert list(source.blanks.values()) == [Rect(1792, 768, 256, 256)]
    assert told(window, str(path), "hatched")
    assert "damaged" in window.status.problems.text()
    window.aids.windows.show_problems()
    problems = window.aids.windows.problems
    assert problems is not None
    assert "1792, 768" in problems.text
    # Not white, which would pass for empty glass.
    at = window.canvas.viewpoint.to_screen(1920, 896)
    seen = window.canvas.grab().toImage()
    near = [seen.pixelColor(int(at[0]) + dx, int(at[1])).name() for dx in range(-6, 7)]
    assert set(near) - {"#ffffff"}

    offset, length = tile_place(path, number)
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(stream[:length])
    os.utime(path, ns=(1, 1))
    problems.again.click()
    qtbot.waitUntil(lambda: not source.blanks)
    settle(qtbot, window)
    assert not source.problems
    works(qtbot, window, good)


def test_all_of_a_vast_level_comes_piece_by_piece_and_never_fills_the_memory(
    qtbot: QtBot, window: MainWindow, good: Path, vast: tuple[Path, bytes]
) -> None:
    before = resident_mib()
    window.files.open_slide(vast[0])
    qtbot.waitUntil(lambda: slide_of(window) is not None and slide_of(window).path == vast[0])
    window.grab()
    source = window.tiles.source
    assert source is not None
    look = window.views.active.look
    qtbot.waitUntil(lambda: source.rough is not None, timeout=30_000)
    qtbot.waitUntil(lambda: window.canvas.is_finished)
    seen = window.canvas.grab().toImage()
    places = [(x, y) for x in (0.2, 0.5, 0.8) for y in (0.2, 0.5, 0.8)]
    for x, y in places:  # a first idea of all of it, long before all of it is read
        at = window.canvas.viewpoint.to_screen(40_000 * x, 40_000 * y)
        assert seen.pixelColor(int(at[0]), int(at[1])).name() != "#ffffff"

    def pieces() -> int:
        return sum(source.get(source.tile(key, look)) is not None for key in source.coarsest)

    qtbot.waitUntil(lambda: pieces() > 0, timeout=30_000)
    assert resident_mib() - before < 700
    works(qtbot, window, good)  # at once, though the rest was still being made


def resident_mib() -> float:
    if not Path("/proc/self/statm").exists():
        return 0.0
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


# --- the file changes while it is open ----------------------------------------------------------


@pytest.mark.parametrize("how", ["replaced", "truncated", "deleted", "written"])
def test_a_file_that_changes_while_open_is_told_of_and_can_be_opened_again(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path, how: str
) -> None:
    path = tmp_path / "changing.svs"
    shutil.copy(good, path)
    open_it(qtbot, window, path)
    watch = window.slide_watch
    qtbot.waitUntil(lambda: slide_of(window) in watch._first)
    other = picture(400, 300, seed=9)
    if how == "replaced":
        write_tiff(tmp_path / "other.svs", [other], aperio=True)
        os.replace(tmp_path / "other.svs", path)
    elif how == "truncated":
        os.truncate(path, path.stat().st_size // 3)
    elif how == "deleted":
        path.unlink()
    else:
        write_tiff(path, [other], aperio=True)
    watch.look()
    words = "not there any more" if how == "deleted" else "changed or replaced"
    qtbot.waitUntil(lambda: told(window, str(path), words))
    look_everywhere(qtbot, window)  # hatched or not: it goes on
    if how == "replaced":
        notice = next(it for it in window.notices.notices if words in it.text)
        assert notice.button is not None
        notice.button.click()
        qtbot.waitUntil(lambda: slide_of(window).pyramid.width == 400)
    works(qtbot, window, good)
    qtbot.waitUntil(lambda: not told(window, str(path), words))


def test_a_prediction_is_never_made_of_another_file_than_the_one_shown(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "swapped.svs"
    shutil.copy(good, path)
    open_it(qtbot, window, path)
    qtbot.waitUntil(lambda: window.prediction.results.identity is not None)
    write_tiff(tmp_path / "other.svs", [picture(400, 300, seed=9)], aperio=True)
    os.replace(tmp_path / "other.svs", path)
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    assert told(window, str(path), "changed or replaced")
    path.unlink()
    window.prediction.ordering.start()
    qtbot.waitUntil(lambda: not window.prediction.is_running)
    assert told(window, str(path), "cannot be read")
    assert window.prediction.worker.pid is None


def test_a_folder_that_vanishes_leaves_what_was_read_and_comes_back(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    share.mkdir()
    path = share / "slide.svs"
    shutil.copy(good, path)
    open_it(qtbot, window, path)
    window.aids.bookmarking.add("Before")
    qtbot.waitUntil(lambda: slide_of(window) in window.slide_watch._first)
    share.rename(tmp_path / "elsewhere")
    window.slide_watch.look()
    qtbot.waitUntil(lambda: told(window, str(path), "not there any more"))
    window.aids.bookmarking.add("While it was gone")
    window.aids.windows.show_info()
    assert window.aids.windows.info is not None
    look_everywhere(qtbot, window)
    window.files.open_slide(share / "another.svs")
    qtbot.waitUntil(lambda: told(window, "another.svs", "no such file"))
    assert slide_of(window).path == path
    (tmp_path / "elsewhere").rename(share)
    window.slide_watch.look()
    qtbot.waitUntil(lambda: not told(window, str(path), "not there any more"))
    open_it(qtbot, window, good)
    open_it(qtbot, window, path)
    names = [bookmark.name for bookmark in window.aids.bookmarking.bookmarks.all]
    assert names == ["Before", "While it was gone"]


class Wrapped:
    """A slide whose reads wait, or fail as a lost drive's do, while the switch is on."""

    waits_at_first = False

    def __init__(self, slide: Slide) -> None:
        self._slide = slide
        self.may_read = threading.Event()
        if not self.waits_at_first:
            self.may_read.set()
        self.reading = threading.Event()
        self.error: Exception | None = None
        self.is_closed = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._slide, name)

    def read_region(self, *box: int) -> Any:
        error = self.error
        if error is not None:
            raise error.with_traceback(None)
        pixels = self._slide.read_region(*box)
        self.reading.set()
        self.may_read.wait()  # what comes late is whole, though the slide may be closed by then
        return pixels

    def close(self) -> None:
        self.is_closed = True
        self._slide.close()


@pytest.fixture
def wrapped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Wrapped]]:
    """All slides opened from now on in the window."""
    made: list[Wrapped] = []

    def open_wrapped(path: Path) -> Wrapped:
        made.append(Wrapped(open_slide(path)))
        return made[-1]

    monkeypatch.setattr(opening, "open_slide", open_wrapped)
    yield made
    for slide in made:
        slide.may_read.set()


@pytest.mark.parametrize(
    "error",
    [
        SlideError("The file cannot be read at byte 0: Input/output error.", path="lost.svs"),
        OSError(5, "Input/output error"),
        ValueError("what nobody foresaw"),
    ],
)
def test_whatever_a_read_raises_the_other_tiles_come_and_it_can_be_tried_again(
    qtbot: QtBot,
    window: MainWindow,
    good: Path,
    wrapped: list[Wrapped],
    error: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    open_it(qtbot, window, good)
    slide = wrapped[-1]
    slide.error = error
    read_again(window)
    settle(qtbot, window)
    assert window.tiles.problems
    assert any(str(error.args[-1]).split(":")[-1] in text for text in window.notices.texts)
    slide.error = None
    window.aids.windows.show_problems()
    problems = window.aids.windows.problems
    assert problems is not None
    problems.again.click()
    look_everywhere(qtbot, window)
    assert not window.tiles.problems, "the threads that read are still there"
    caplog.clear()
    works(qtbot, window, good)


def test_a_read_that_hangs_hangs_neither_the_window_nor_its_closing(
    qtbot: QtBot, good: Path, tmp_path: Path, wrapped: list[Wrapped], user_folder: Path
) -> None:
    use_settings_in(user_folder)
    window = new_window()
    open_it(qtbot, window, good)
    slide = wrapped[-1]
    slide.may_read.clear()
    slide.reading.clear()
    read_again(window)
    assert slide.reading.wait(60)
    window.canvas.zoom_to(2.0)
    for step in range(20):
        window.canvas.centre_on(100.0 + 20 * step, 200)
        QApplication.processEvents()
    assert window.canvas.viewpoint.centre_x == 480
    window.aids.bookmarking.add("While it hangs")
    other = tmp_path / "other.svs"
    shutil.copy(good, other)
    window.files.open_slide(other)
    qtbot.waitUntil(lambda: slide_of(window).path == other)
    assert slide.is_closed
    settle(qtbot, window)
    assert not window.tiles.problems, "its tiles do not wait for those that hang"
    wrapped[-1].may_read.clear()
    wrapped[-1].reading.clear()
    read_again(window)
    assert wrapped[-1].reading.wait(60)

    waited: list[float] = []
    real_join = threading.Thread.join

    def join(thread: threading.Thread, timeout: float | None = None) -> None:
        assert timeout is not None, "waits for ever for what hangs"
        waited.append(timeout)
        real_join(thread, timeout)

    readers = list(window.sources.loader._threads)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading.Thread, "join", join)
        window.session.document.undo_stack.setClean()
        assert window.close()
    assert waited
    assert all(timeout <= STOP_SECONDS for timeout in waited)
    assert waited[-1] < 0.1, "all threads share the time, which the first one used up"
    window.deleteLater()
    QApplication.processEvents()
    for hanging in wrapped:
        hanging.may_read.set()  # answers come when everything is gone: nobody minds
    for reader in readers:
        reader.join(60)
        assert not reader.is_alive()
    QApplication.processEvents()


def test_a_window_closed_while_everything_loads(
    qtbot: QtBot, good: Path, vast: tuple[Path, bytes], user_folder: Path
) -> None:
    use_settings_in(user_folder)
    for wait in (lambda w: None, lambda w: qtbot.waitUntil(lambda: slide_of(w) is not None)):
        window = new_window()
        window.files.folder_wanted.emit(good.parent)
        window.files.open_slide(vast[0])
        wait(window)
        window.grab()
        loaders = window.sources.loader._threads
        assert window.close()
        QApplication.processEvents()
        assert slide_of(window) is None
        qtbot.waitUntil(lambda loaders=loaders: not any(t.is_alive() for t in loaders))
        window.deleteLater()
        QApplication.processEvents()


# --- odd shapes and scales ----------------------------------------------------------------------


def everything(window: MainWindow) -> None:
    """Turn on and press whatever depends on size and spacing."""
    for name in ("show_grid", "show_scale_bar", "show_overview", "show_visited"):
        if not window.named_actions[name].isChecked():
            window.named_actions[name].trigger()
    named = [name for name in window.named_actions if name.startswith("magnification")]
    for name in named:
        window.named_actions[name].trigger()
        window.grab()
    window.overview.magnification.setEditText("20×")
    window.overview._magnify()
    window.grab()
    extent = window.canvas.extent
    assert extent is not None
    window.named_actions["ruler"].trigger()
    drag(window.canvas, (0, 0), (extent.right, extent.bottom))
    window.named_actions["whole_slide"].trigger()
    window.grab()
    assert window.aids.rulers.laid
    window.aids.rulers.clear()
    window.named_actions["pan"].trigger()
    for factor in (1e-6, 1e6, 1.0):
        window.canvas.zoom_to(factor)
        window.grab()
    window.canvas.turn_to(33.0)
    window.grab()
    window.canvas.show_home()
    window.aids.windows.show_info()
    info = window.aids.windows.info
    assert info is not None
    info.grab()
    for name in ("show_grid", "show_visited"):
        window.named_actions[name].trigger()


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (3, 2)])
@pytest.mark.parametrize("kind", ["png", "tif"])
def test_slides_of_hardly_any_pixels(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, size: tuple[int, int], kind: str
) -> None:
    path = tmp_path / f"tiny.{kind}"
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:] = (255, 0, 0)
    pixels[height // 2 :, width // 2 :] = (0, 0, 255)
    if kind == "png":
        Image.fromarray(pixels).save(path)
    else:
        tifffile.imwrite(path, pixels, tile=(16, 16), photometric="rgb", compression="zlib")
    open_it(qtbot, window, path)
    slide = slide_of(window)
    assert (slide.pyramid.width, slide.pyramid.height) == size
    everything(window)
    window.named_actions["show_overview"].setChecked(True)
    window.views.active.overview.is_wanted = True
    window.canvas.show_home()
    settle(qtbot, window)
    box = window.overview.little.view_box.boundingRect()
    assert box.width() >= window.overview.little.width() * 0.9
    assert box.height() >= window.overview.little.height() * 0.9
    window.canvas.zoom_to(32.0)
    for share, colour in ((0.1, (255, 0)), (0.9, (0, 255))):
        if size == (1, 1) and share < 0.5:
            continue  # its one pixel is blue
        window.canvas.centre_on(width * share, height * share)
        settle(qtbot, window)
        seen = window.canvas.grab().toImage()
        shown = seen.pixelColor(seen.width() // 2, seen.height() // 2)
        assert (shown.red(), shown.blue()) == colour
    # The overview shows all of it, too, from its first pixel to its last.
    little = window.overview.little
    picture_of_it = little._image
    last = picture_of_it.pixelColor(picture_of_it.width() - 1, picture_of_it.height() - 1)
    assert last.blue() > 200
    assert not window.tiles.problems


def write_spaced(path: Path, um_px: str) -> Path:
    description = f"Aperio Image Library v11.2.1\r\n300x200 [0,0 1x1] (128x128) Q=70|MPP = {um_px}"
    tifffile.imwrite(
        path,
        picture(300, 200),
        tile=(128, 128),
        photometric="rgb",
        compression="jpeg",
        description=description,
        metadata=None,
    )
    return path


@pytest.mark.parametrize("um_px", ["1e-9", "-0.5", "0", "1e9", "nan", "inf", "abc", "0.01", "100"])
def test_absurd_spacings(qtbot: QtBot, window: MainWindow, tmp_path: Path, um_px: str) -> None:
    open_it(qtbot, window, write_spaced(tmp_path / "absurd.svs", um_px))
    is_known = um_px in ("0.01", "100")
    assert isinstance(slide_of(window).spacing, UnknownSpacing) is not is_known
    everything(window)
    settle(qtbot, window)
    assert ("spacing unknown" in window.status.magnification.text()) is not is_known


def test_a_slide_without_spacing_says_so_wherever_it_matters(
    qtbot: QtBot, window: MainWindow, real_data: Path, good: Path
) -> None:
    path = real_data / "slides" / "tcga-cr-7395-01a-01-ts1.svs"
    open_it(qtbot, window, path)
    everything(window)
    assert not window.overview.magnification.isVisible()
    assert not window.overview.isVisible(), "an empty frame"
    assert "spacing unknown" in window.status.magnification.text()
    window.views.set_shape(1, 2)
    other = window.views.views[1]
    window.comparing.open_in(other, good)
    qtbot.waitUntil(lambda: other.slide is not None and other.slide.path == good)
    qtbot.waitUntil(lambda: told(window, "does not say how large its pixels are"))
    window.canvas.zoom_to(0.5)
    assert other.canvas.viewpoint.scale == pytest.approx(0.5)


# --- many, and late answers ---------------------------------------------------------------------


def test_fifty_slides_one_after_another_leave_nothing_behind(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    paths = []
    for number in range(50):
        path = tmp_path / f"slide {number:02}.svs"
        os.link(good, path)
        paths.append(path)
    open_it(qtbot, window, paths[0])
    qtbot.waitUntil(lambda: window.browsing.tray.model.rowCount() == 50, timeout=10_000)
    works(qtbot, window, good)
    gc.collect()
    threads, descriptors = threading.active_count(), open_descriptors()
    slides = sum(type(it) is OpenSlideSlide for it in gc.get_objects())
    cache = window.sources.cache
    for number, path in enumerate(paths):
        window.files.open_slide(path)
        if number % 3 == 0:
            QApplication.processEvents()
        if number % 10 == 0:
            qtbot.waitUntil(lambda path=path: slide_of(window).path == path)
    qtbot.waitUntil(lambda: slide_of(window).path == paths[-1])
    settle(qtbot, window)
    QTest.qWait(100)
    assert slide_of(window).path == paths[-1], "no late one takes its place"
    assert {tile.source for tile in cache._tiles} <= {window.tiles.source.number}
    open_it(qtbot, window, good)
    qtbot.waitUntil(lambda: not window.files._opening.is_under_way)

    def is_as_before() -> bool:
        gc.collect()
        return (
            threading.active_count() <= threads + 1
            and open_descriptors() <= descriptors + 2
            and sum(type(it) is OpenSlideSlide for it in gc.get_objects()) <= slides + 1
        )

    qtbot.waitUntil(is_as_before, timeout=20_000)


def open_descriptors() -> int:
    folder = Path("/proc/self/fd")
    return len(list(folder.iterdir())) if folder.exists() else 0


def test_a_late_tile_is_never_painted_on_another_slide(
    qtbot: QtBot,
    window: MainWindow,
    tmp_path: Path,
    wrapped: list[Wrapped],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths = []
    for name, colour in (("red", (255, 0, 0)), ("green", (0, 160, 0))):
        pixels = np.full((600, 800, 3), colour, np.uint8)
        paths.append(tmp_path / f"{name}.tif")
        tifffile.imwrite(paths[-1], pixels, tile=(128, 128), photometric="rgb", compression="zlib")
    view = window.views.active
    view.set_look(replace(view.look, managed=False))  # a closed slide gives no profile
    monkeypatch.setattr(Wrapped, "waits_at_first", True)
    window.files.open_slide(paths[0])
    qtbot.waitUntil(lambda: len(wrapped) == 1 and slide_of(window) is wrapped[0])
    red = wrapped[0]
    window.grab()
    assert red.reading.wait(60)
    monkeypatch.setattr(Wrapped, "waits_at_first", False)
    window.files.open_slide(paths[1])
    qtbot.waitUntil(lambda: slide_of(window) is not red)
    loader = window.sources.loader
    settle(qtbot, window)
    late: list[object] = []
    loader.loaded.connect(lambda tile, _: late.append(tile))
    red.may_read.set()
    qtbot.waitUntil(lambda: bool(late) and not loader._reading)
    settle(qtbot, window)
    seen = window.canvas.grab().toImage()
    middle = seen.pixelColor(seen.width() // 2, seen.height() // 2)
    assert (middle.red(), middle.green()) == (0, 160)
    source = window.tiles.source
    assert source is not None
    assert {tile.source for tile in window.sources.cache._tiles} <= {source.number}
    little = window.overview.little._image
    assert little is not None
    assert little.pixelColor(little.width() // 2, little.height() // 2).red() < 10
    view.set_look(replace(view.look, managed=True))


# --- what lies around the slide -----------------------------------------------------------------


def test_what_of_a_file_is_not_shown_is_told_once(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    path = tmp_path / "stack.ome.tif"
    planes = np.random.default_rng(4).integers(0, 4000, (3, 300, 300), np.uint16)
    tifffile.imwrite(path, planes, tile=(128, 128), metadata={"axes": "ZYX"}, ome=True)
    open_it(qtbot, window, path)
    about = [text for text in window.notices.texts if "only the first is shown" in text]
    assert len(about) == 1
    assert about[0].startswith("stack.ome.tif: Of 3 depths")
    window.notices.clear()
    open_it(qtbot, window, good)
    window.views.set_shape(1, 2)
    window.comparing.open_in(window.views.views[1], path)
    qtbot.waitUntil(lambda: told(window, "stack.ome.tif", "only the first is shown"))


def test_broken_companions_are_told_by_name_and_the_slide_is_shown(
    qtbot: QtBot, window: MainWindow, good: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "Präparate mit Lücken 🔬"
    folder.mkdir()
    path = folder / "Fall 7 – Schnitt ß.svs"
    shutil.copy(good, path)
    path.with_suffix(".xml").write_text("<ASAP_Annotations><Annotations><Annot", "utf-8")
    tifffile.imwrite(
        folder / f"{path.stem}_likelihood_map.tif", np.zeros((40, 300), np.float32), tile=(16, 16)
    )
    open_it(qtbot, window, path)
    qtbot.waitUntil(lambda: told(window, path.with_suffix(".xml").name))
    qtbot.waitUntil(lambda: told(window, "lies beside the slide"))
    notice = next(n for n in window.notices.notices if "likelihood_map" in n.text)
    assert notice.button is not None
    notice.button.click()
    qtbot.waitUntil(lambda: told(window, "is not shown: its shape differs"))
    assert window.aids.maps.layers == []
    window.aids.bookmarking.add("Ähre")
    open_it(qtbot, window, good)
    open_it(qtbot, window, path)
    assert [b.name for b in window.aids.bookmarking.bookmarks.all] == ["Ähre"]


def test_damaged_files_of_the_users_own_keep_no_window_from_opening(
    qtbot: QtBot, good: Path, user_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    use_settings_in(user_folder)
    window = new_window()
    open_it(qtbot, window, good)
    window.aids.bookmarking.add("Kept")
    window.canvas.zoom_to(1.0)
    window.aids.visited._look()
    end(window)
    settings = QSettings()
    for key in ("recent", "geometry", "docks", "last_folder", "keys", "cache_mib", "icc", "keymap"):
        settings.setValue(key, "\x00garbage[{")
    settings.sync()
    (user_folder / "alignments.json").write_bytes(b"\xff\xfe not json")
    for file in (user_folder / "slides").iterdir():
        file.write_bytes(b"\x89PNG\r\n garbage")
    thumbnails = user_folder / "cache" / "thumbnails"
    if thumbnails.is_dir():
        for file in thumbnails.iterdir():
            file.write_bytes(b"garbage")
    window = new_window()
    open_it(qtbot, window, good)
    assert told(window, "bookmarks", "set aside")
    window.views.set_shape(1, 2)
    other = good.with_name("another.svs")
    if not other.exists():
        os.link(good, other)
    window.comparing.open_in(window.views.views[1], other)
    qtbot.waitUntil(lambda: told(window, "alignments"))
    settle(qtbot, window)
    works(qtbot, window, good)
    end(window)
    assert not [record for record in caplog.records if record.exc_info]


def test_a_user_folder_that_cannot_be_written_costs_only_the_keeping(
    qtbot: QtBot,
    good: Path,
    user_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    really_make = Path.mkdir

    def mkdir(self: Path, *how: Any, **more: Any) -> None:
        if self.is_relative_to(user_folder):
            raise PermissionError(13, "Permission denied", str(self))
        really_make(self, *how, **more)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    use_settings_in(tmp_path)
    window = new_window()
    open_it(qtbot, window, good)
    window.canvas.zoom_to(1.0)
    window.aids.bookmarking.add("Not kept")
    assert told(window, "bookmarks of this slide cannot be kept", "Permission denied")
    assert [b.name for b in window.aids.bookmarking.bookmarks.all] == ["Not kept"]
    window.aids.visited._look()
    window.aids.visited.save()
    made = Annotation("One", Kind.POLYGON, as_points([(0, 0), (90, 0), (90, 90)]), "Tumor")
    window.session.document.apply("Add polygon", {made.id: made})
    assert window.session.document.annotations[made.id] == made
    window.session.document.undo_stack.setClean()
    works(qtbot, window, good)
    end(window)
    assert not [record for record in caplog.records if record.exc_info]
