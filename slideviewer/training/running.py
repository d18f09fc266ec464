"""A training under way: alone in its folder, told of in its diary, paused and stopped by wishes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slideviewer.annotations.file_lock import FileLock, holder_of
from slideviewer.errors import Cancelled, SlideviewerError, TrainingError
from slideviewer.progress import Progress, Step
from slideviewer.training.checkpoints import told_of_disk
from slideviewer.training.diary import DIARY_FILE, FAILED, FINISHED, STOPPED, Diary
from slideviewer.training.wishes import PAUSE, STOP, Wishes

_LOOK_SECONDS = 0.2
"""How often a training looks for wishes."""


class Run:
    """What those who look on hear of a training, and what they may wish.

    Attributes
    ----------
    diary : Diary
    wishes : Wishes
    """

    def __init__(self, diary: Diary, wishes: Wishes) -> None:
        self.diary, self.wishes = diary, wishes
        self._next_look = 0.0

    def progress(self, then: Progress) -> Progress:
        """A `Progress` that also writes the diary, stands still while that is wished, and ends.

        Raises
        ------
        Cancelled
            Out of each call, once it is wished that the training ends.
        """

        def report(step: Step) -> None:
            self.diary.step(step)
            then(step)
            self._heed(then, step)

        return report

    def tell(self, then: Callable[[str], None]) -> Callable[[str], None]:
        """The same for sentences that the user should hear."""

        def say(words: str) -> None:
            self.diary.notice(words)
            then(words)

        return say

    def _heed(self, then: Progress, step: Step) -> None:
        if time.monotonic() < self._next_look:
            return
        wish = self.wishes.read()
        if wish == PAUSE:
            self.diary.paused()
            while wish == PAUSE:
                time.sleep(_LOOK_SECONDS)
                then(step)  # who cancels it otherwise is heard, too
                wish = self.wishes.read()
            self.diary.step(step)
        if wish == STOP:
            self.wishes.clear()
            raise Cancelled
        self._next_look = time.monotonic() + _LOOK_SECONDS


@contextmanager
def running(folder: Path, **facts: object) -> Iterator[Run]:
    """Hold a training's folder for as long as it runs, and keep its diary there.

    Parameters
    ----------
    folder : Path
        Made where it is not there; taken away again where the training leaves nothing in it.
    facts
        Plain JSON values for the diary's first line.

    Raises
    ------
    TrainingError
        If another training runs in this folder, or it cannot be written.
    """
    with _alone(folder):
        run = Run(Diary(folder, facts), Wishes(folder))
        run.wishes.clear()
        try:
            yield run
        except (Cancelled, KeyboardInterrupt):
            run.diary.end(STOPPED)
            raise
        except SlideviewerError as error:
            run.diary.end(FAILED, str(error))
            raise
        except BaseException as error:
            run.diary.end(FAILED, f"Something unforeseen went wrong ({error!r}).")
            raise
        run.diary.end(FINISHED)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder's diary, and leave no folder behind that has nothing in it."""
    made = [it for it in (folder, folder.parent) if not it.exists()]
    with told_of_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / DIARY_FILE)
    if not lock.take():
        _refuse(folder)
    try:
        yield
    finally:
        _tidy(folder)
        lock.release()
        for it in made:
            with contextlib.suppress(OSError):  # something is in it
                it.rmdir()


def _refuse(folder: Path) -> None:
    holder = holder_of(folder / DIARY_FILE)
    if holder is None:
        raise TrainingError(
            "Nothing can be written here.", path=folder, remedy="Name another folder."
        )
    raise TrainingError(
        f"A training runs in this folder already: {holder.words}.",
        path=folder,
        remedy="Wait until it has ended or stop it, or name another folder.",
    )


def _tidy(folder: Path) -> None:
    """Take a diary away that tells of nothing else that is there: the training never began."""
    with contextlib.suppress(OSError):
        left = [it.name for it in folder.iterdir() if not it.name.startswith(".~lock.")]
        if left == [DIARY_FILE]:
            (folder / DIARY_FILE).unlink()
