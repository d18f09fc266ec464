"""Segmentation and nuclei in the inference worker, a real process: answers, stopped, killed."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from mask_fixtures import waves, write_slide
from test_worker import PATIENCE, answers, only
from tiny_model import write_colour_nuclei, write_tiny_package, write_tiny_segmentation

from slideviewer.inference.messages import (
    Batch,
    Died,
    Failed,
    Finished,
    MaskPart,
    MaskStarted,
    NucleiPart,
    NucleiStarted,
    Progressed,
    Request,
    Started,
    Stopped,
)
from slideviewer.inference.nuclei.nuclei import Nuclei
from slideviewer.inference.nuclei.store import FOLDER, stored_nuclei
from slideviewer.inference.segmentation.chunks import Chunk
from slideviewer.inference.segmentation.coarse import COARSE_LEVEL, from_coarse
from slideviewer.inference.segmentation.store import read_mask_prediction
from slideviewer.inference.store_files import ARRAY_FOLDER
from slideviewer.inference.worker import InferenceWorker
from slideviewer.models.package import ModelPackage
from slideviewer.slide.tissue import TissueMask

pytestmark = pytest.mark.usefixtures("kept_engines")

WIDTH, HEIGHT = 2100, 1300


@pytest.fixture(scope="module")
def slide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_slide(tmp_path_factory.mktemp("slide") / "waves.tif", waves(WIDTH, HEIGHT))


@pytest.fixture(scope="module")
def segmentation(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_tiny_segmentation(tmp_path_factory.mktemp("models") / "areas", patch=64)


@pytest.fixture(scope="module")
def nuclei(tmp_path_factory: pytest.TempPathFactory) -> ModelPackage:
    return write_colour_nuclei(tmp_path_factory.mktemp("models") / "nuclei", spacing_um_px=1.0)


@pytest.fixture(scope="module")
def worker() -> Iterator[InferenceWorker]:
    """One process for the tests that leave it alive, for it takes seconds to load Keras."""
    worker = InferenceWorker(cpu_only=True)
    yield worker
    worker.close()
    assert not worker.is_alive


def everywhere() -> TissueMask:
    from slideviewer.geometry import Rect

    return TissueMask(np.ones((1, 1), np.bool_), Rect(0, 0, WIDTH, HEIGHT), None)


@pytest.fixture
def asked(slide: Path, segmentation: ModelPackage, tmp_path: Path) -> Request:
    return Request(slide, segmentation.folder, tmp_path / "store", tissue=everywhere())


def files_of(store: Path) -> dict[str, bytes]:
    """All of a store but the record, which says when each run was."""
    parts = [path for name in (ARRAY_FOLDER, FOLDER) for path in (store / name).rglob("*")]
    return {it.relative_to(store).as_posix(): it.read_bytes() for it in parts if it.is_file()}


def test_a_mask_is_predicted_in_the_process_and_can_be_read_while_it_comes(
    worker: InferenceWorker, asked: Request
) -> None:
    number = worker.predict(asked)
    replies = []
    live = None
    while not replies or not isinstance(replies[-1], Finished | Failed | Died):
        reply = worker.receive(PATIENCE)
        assert reply is not None
        replies.append(reply)
        if isinstance(reply, MaskStarted):
            live = read_mask_prediction(asked.store)
        if isinstance(reply, MaskPart):
            # At once, by another process than the one that writes on.
            assert live is not None
            box = Chunk.of(live.frame, reply.column, reply.row).box
            assert not np.isnan(live.read(0, *box)).any()
    assert all(reply.number == number for reply in replies)
    (started,) = only(MaskStarted, replies)
    (finished,) = only(Finished, replies)
    assert started.class_names == ("Parenchyma", "Inflammation")
    assert (started.target, started.threshold, started.exclusive) == (1, 0.5, False)
    prediction = read_mask_prediction(finished.store)
    assert prediction.frame == started.frame and prediction.complete
    parts = only(MaskPart, replies)
    assert len({(it.column, it.row) for it in parts}) == len(parts) == 15
    height, width = -(-HEIGHT // 8), -(-WIDTH // 8)
    painted = np.full((24 * 8, 40 * 8, 2), np.nan, np.float16)
    for part in parts:
        place = slice(64 * part.row, 64 * part.row + 64), slice(64 * part.column, None)
        painted[place][:, :64] = from_coarse(part.coarse)
    expected = prediction.read(COARSE_LEVEL, 0, 0, width, height)
    assert np.abs(painted[:height, :width] - expected).max() <= 0.5 / 254 + 1e-3
    every = prediction.read(0, 0, 0, WIDTH, HEIGHT)
    assert finished.predicted == WIDTH * HEIGHT
    assert finished.positive == prediction.positive(every)[..., 1].sum()
    assert only(Progressed, replies) and not finished.skipped


def test_a_worker_that_is_killed_leaves_what_it_has_and_the_next_ends_the_same(
    worker: InferenceWorker, asked: Request, tmp_path: Path
) -> None:
    whole = replace(asked, store=tmp_path / "whole")
    assert isinstance(answers(worker, worker.predict(whole))[-1], Finished)
    doomed = InferenceWorker(cpu_only=True)
    doomed.predict(asked)
    seen = 0
    while seen < 4:
        seen += isinstance(doomed.receive(PATIENCE), MaskPart)
    doomed.kill()
    number = doomed.predict(asked) if not doomed.is_alive else None
    while number is None:
        reply = doomed.receive(PATIENCE)
        if isinstance(reply, Died):
            number = doomed.predict(asked)
    replies = answers(doomed, number)
    doomed.close()
    assert isinstance(replies[-1], Finished)
    assert len(only(MaskPart, replies)) == 15, "also of what the former one had"
    assert files_of(asked.store) == files_of(whole.store)


def test_a_mask_is_stopped_and_goes_on(worker: InferenceWorker, asked: Request) -> None:
    number = worker.predict(asked)
    while not isinstance(worker.receive(PATIENCE), MaskPart):
        pass
    worker.stop()
    assert isinstance(answers(worker, number)[-1], Stopped)
    left = read_mask_prediction(asked.store)
    assert not left.complete
    number = worker.predict(replace(asked, first=None))
    worker.pause()
    while not (isinstance(reply := worker.receive(PATIENCE), Progressed) and reply.is_paused):
        pass
    worker.resume()
    worker.hold(0.2)
    assert isinstance(answers(worker, number)[-1], Finished)
    assert read_mask_prediction(asked.store).complete


@pytest.mark.long
def test_nuclei_are_told_of_block_by_block(
    worker: InferenceWorker, asked: Request, nuclei: ModelPackage
) -> None:
    replies = answers(worker, worker.predict(replace(asked, model=nuclei.folder)))
    assert isinstance(replies[-1], Finished), replies[-1]
    (started,) = only(NucleiStarted, replies)
    assert started.class_names == ("Inside", "Border")
    parts = {(it.block.row, it.block.column): it for it in only(NucleiPart, replies)}
    told = [parts[key] for key in sorted(parts)]
    stored = Nuclei.together(list(stored_nuclei(asked.store)))
    assert len(stored) > 10
    assert np.array_equal(np.concatenate([it.centres for it in told]), stored.centres)
    assert np.array_equal(np.concatenate([it.pixels for it in told]), stored.pixels)
    assert replies[-1].predicted == len(stored)


@pytest.mark.long
def test_tissue_is_told_from_glass_as_the_options_say(
    worker: InferenceWorker, segmentation: ModelPackage, tmp_path: Path
) -> None:
    pixels = np.full((1100, 1100, 3), 240, np.uint8)
    pixels[100:400, 100:400] = (200, 90, 160)
    pixels = cv2.GaussianBlur(pixels, (5, 5), 0)
    slide = write_slide(tmp_path / "glass.tif", pixels)
    request = Request(slide, segmentation.folder, tmp_path / "store")
    replies = answers(worker, worker.predict(request))
    assert [(it.column, it.row) for it in only(MaskPart, replies)] == [(0, 0)]


def test_tiles_and_pixels_do_not_answer_together(
    worker: InferenceWorker, asked: Request, tmp_path: Path
) -> None:
    other = write_tiny_package(tmp_path / "other")
    replies = answers(worker, worker.predict(replace(asked, others=(other.folder,))))
    assert isinstance(replies[-1], Failed) and "is for" in replies[-1].text
    assert not only(Started, replies) and not only(Batch, replies)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
@pytest.mark.long
def test_what_nothing_interrupts_is_stopped_with_its_process(
    asked: Request, tmp_path: Path
) -> None:
    stuck = tmp_path / "stuck" / "prediction.json"
    stuck.parent.mkdir()
    os.mkfifo(stuck)  # whoever reads it waits for somebody who writes
    own = InferenceWorker(cpu_only=True)
    number = own.predict(replace(asked, store=stuck.parent))
    waiting = own.predict(asked)
    while not isinstance(own.receive(PATIENCE), Progressed):
        pass
    while own.receive(2) is not None:
        pass  # until nothing more is heard of it
    own.stop()
    last = [answers(own, it)[-1] for it in (number, waiting)]
    assert [isinstance(it, Stopped) and it.with_process for it in last] == [True, True]
    pid = own.pid
    assert isinstance(answers(own, own.predict(asked))[-1], Finished)
    assert own.pid != pid
    own.close()
