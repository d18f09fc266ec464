"""A training under way: alone in its folder, told of in its diary, paused and stopped by wishes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from slideviewer.annotations.file_lock import (
    BEAT_SECONDS,
    SILENT_SECONDS,
    FileLock,
    Holder,
    lock_of,
)
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

    def __init__(self, diary: Diary, wishes: Wishes, hold: Hold) -> None:
        self.diary, self.wishes = diary, wishes
        self._hold = hold
        self._next_look = 0.0

    def progress(self, then: Progress) -> Progress:
        """A `Progress` that also writes the diary, stands still while that is wished, and ends.

        Raises
        ------
        Cancelled
            Out of each call, once it is wished that the training ends.
        TrainingError
            Where another process has taken the folder over.
        """

        def report(step: Step) -> None:
            self._hold.refuse_loss()
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
                self._hold.refuse_loss()
                then(step)  # who cancels it otherwise is heard, too
                wish = self.wishes.read()
            self.diary.step(step)
        if wish == STOP:
            self.wishes.clear()
            raise Cancelled
        self._next_look = time.monotonic() + _LOOK_SECONDS


class Hold:
    """A folder's lock, which a thread touches, so that other machines see that it is alive.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / DIARY_FILE, beats=True)
        self._ended, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._beat, name="training-lock", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Whether another process has taken its place."""
        return self._lost.is_set()

    @property
    def other(self) -> Holder | None:
        """Who held it when it could not be taken; None where nothing can be written."""
        return self._lock.other

    def take(self) -> bool:
        """Hold it; False where another does."""
        if not self._lock.take():
            return False
        self._thread.start()
        return True

    def release(self) -> None:
        """Let it go."""
        self._ended.set()
        self._thread.join()
        self._lock.release()

    def refuse_loss(self) -> None:
        """End a training that slept for so long that another took its folder over.

        Raises
        ------
        TrainingError
        """
        if self.is_lost:
            raise TrainingError(
                "Another process has taken this training over, since this one was not heard of"
                f" for over {SILENT_SECONDS:g} s.",
                path=self._folder,
                remedy="Let the other one go on.",
            )

    def _beat(self) -> None:
        while not self._ended.wait(BEAT_SECONDS):
            if not self._lock.beat():
                self._lost.set()
                return


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
    with _alone(folder) as hold:
        run = Run(Diary(folder, facts), Wishes(folder), hold)
        run.wishes.clear()
        try:
            yield run
        except (Cancelled, KeyboardInterrupt):
            run.diary.end(STOPPED)
            raise
        except SlideviewerError as error:
            if not hold.is_lost:  # the diary is another's by now
                run.diary.end(FAILED, str(error))
            raise
        except BaseException as error:
            run.diary.end(FAILED, f"Something unforeseen went wrong ({error!r}).")
            raise
        run.diary.end(FINISHED)


@contextmanager
def _alone(folder: Path) -> Iterator[Hold]:
    """Hold the lock of a folder's diary, and leave no folder behind that has nothing in it."""
    made = [it for it in (folder, folder.parent) if not it.exists()]
    with told_of_disk(folder):
        folder.mkdir(parents=True, exist_ok=True)
    hold = Hold(folder)
    if not hold.take():
        _refuse(folder, hold.other)
    try:
        yield hold
    finally:
        if not hold.is_lost:
            _tidy(folder)
        hold.release()
        for it in made:
            with contextlib.suppress(OSError):  # something is in it
                it.rmdir()


def _refuse(folder: Path, holder: Holder | None) -> None:
    if holder is None:
        raise TrainingError(
            "Nothing can be written here.", path=folder, remedy="Name another folder."
        )
    raise TrainingError(
        f"A training runs in this folder already: {holder.words}.",
        path=folder,
        remedy="Wait until it has ended or stop it, or name another folder. If it was killed on"
        f" another machine, wait {SILENT_SECONDS:g} s, or delete {lock_of(folder / DIARY_FILE)}.",
    )


def _tidy(folder: Path) -> None:
    """Take a diary away that tells of nothing else that is there: the training never began."""
    with contextlib.suppress(OSError):
        left = [it.name for it in folder.iterdir() if not it.name.startswith(".~lock.")]
        if left == [DIARY_FILE]:
            (folder / DIARY_FILE).unlink()
