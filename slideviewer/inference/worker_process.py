"""What runs inside the inference worker's process."""

from __future__ import annotations

import logging
import multiprocessing
import os
import time
import traceback
from collections.abc import Sequence
from contextlib import closing
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue
from threading import Event, RLock, Thread

from slideviewer.errors import Cancelled, SlideviewerError
from slideviewer.inference.gate import HEARTBEAT_SECONDS, Gate
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.messages import (
    Failed,
    Finished,
    Hold,
    Message,
    Pause,
    Progressed,
    Reply,
    Request,
    Resume,
    Stop,
    Stopped,
)
from slideviewer.inference.priority import lower_priority
from slideviewer.inference.worker_runs import Work
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.progress import Progress, Step
from slideviewer.slide import open_slide

_PROGRESS_SECONDS = 0.2
"""Progress is told at most this often; the listener paints it."""

_STOP_SECONDS = 0.8
"""A run that has not ended so long after it was to be stopped ends with its process."""

_NO_MEMORY = (
    "This machine has not enough memory left for the prediction. What it had predicted is kept. "
    "Close other programs, or choose a smaller model, and try again."
)

_log = logging.getLogger(__name__)


def serve(pipe: Connection[Reply, Message], cpu_only: bool) -> None:
    """Serve requests until the owner closes the pipe or is gone.

    Parameters
    ----------
    pipe : Connection
    cpu_only : bool
        Whether graphics processors stay unused.
    """
    _step_back(cpu_only)
    _Server(pipe).run()


class _Server:
    """Serves one request after the other; a thread beside it listens for `Stop` and the end."""

    def __init__(self, pipe: Connection[Reply, Message]) -> None:
        self._pipe = pipe
        self._requests: SimpleQueue[tuple[Request, Event]] = SimpleQueue()
        self._open: dict[int, Event] = {}  # those without their last answer
        self._sending = RLock()
        self._loaders: dict[tuple[str, Path, str], ModelLoader] = {}
        self._gate = Gate()

    def run(self) -> None:
        """Serve; never returns, for the listener ends the process."""
        Thread(target=self._listen, name="listener", daemon=True).start()
        while True:
            request, stop = self._requests.get()
            reply = self._answer(request, stop)
            with self._sending:
                self._open.pop(request.number, None)
                self._send(reply)

    def _listen(self) -> None:
        parent = multiprocessing.parent_process()
        watched: list[Connection[Reply, Message] | int] = [self._pipe]
        if parent is not None:
            watched.append(parent.sentinel)
        stop = Event()
        stopped_at: float | None = None
        while True:
            left = None if stopped_at is None else stopped_at + _STOP_SECONDS - time.monotonic()
            ready = wait(watched, left if left is None or left > 0 else 0)
            if not ready:
                self._end_with_process()
                stopped_at = None
                continue
            if self._pipe not in ready:
                os._exit(0)  # the owner died without closing the pipe
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                # At once: a model may be in the middle of a step that nothing interrupts, and
                # all that was predicted is on disk.
                os._exit(0)
            match message:
                case Request():
                    self._open[message.number] = stop
                    self._requests.put((message, stop))
                case Stop():
                    stop.set()
                    stop, stopped_at = Event(), time.monotonic()
                    self._gate.open()
                case Pause():
                    self._gate.close(message.number)
                case Resume():
                    self._gate.open()
                case Hold():
                    self._gate.hold(message.seconds)

    def _end_with_process(self) -> None:
        """End the process where what was to be stopped has not ended, and nothing else waits.

        All that was predicted is on disk, as after any other end.
        """
        with self._sending:
            if self._open and all(stop.is_set() for stop in self._open.values()):
                for number in self._open:
                    self._send(Stopped(number, with_process=True))
                os._exit(0)

    def _answer(self, request: Request, stop: Event) -> Reply:
        number = request.number
        told_at = 0.0

        def progress(step: Step) -> None:
            nonlocal told_at

            def waiting(is_paused: bool) -> None:
                nonlocal told_at
                if stop.is_set():
                    raise Cancelled
                # Also while it is held, which may go on for as long as a view moves.
                if is_paused or time.monotonic() - told_at >= HEARTBEAT_SECONDS:
                    told_at = time.monotonic()
                    self._send(Progressed(number, step, is_paused=is_paused))

            self._gate.pass_through(number, waiting)
            if stop.is_set():
                raise Cancelled
            at = time.monotonic()
            if at - told_at >= _PROGRESS_SECONDS or step.done == step.total > 0:
                told_at = at
                self._send(Progressed(number, step))

        try:
            return self._predict(request, progress)
        except Cancelled:
            return Stopped(number)
        except SlideviewerError as error:
            return Failed(number, str(error))
        except MemoryError:
            return Failed(number, _NO_MEMORY)
        except Exception as error:  # noqa: BLE001 - the job runner of this process
            _log.exception("request %s failed", request)
            text = f"The prediction failed: {type(error).__name__}: {error}"
            return Failed(number, text, traceback.format_exc())

    def _predict(self, request: Request, progress: Progress) -> Finished:
        progress(Step(0, 0, "Opening the slide"))
        packages = [open_package(it) for it in (request.model, *request.others)]
        loaders = self._loaders_of(packages, request.engine)
        with closing(open_slide(request.slide)) as slide:
            return Work(request, slide, loaders, progress, self._send).do()

    def _loaders_of(self, packages: Sequence[ModelPackage], engine: str) -> list[ModelLoader]:
        """Return the packages' loaders: kept, models and all, until others are asked for."""
        former = self._loaders
        self._loaders = {
            key: former.get(key) or ModelLoader(package, engine=engine)
            for package in packages
            for key in [(package.hash, package.folder, engine)]
        }
        return [self._loaders[package.hash, package.folder, engine] for package in packages]

    def _send(self, reply: Reply) -> None:
        try:
            with self._sending:
                self._pipe.send(reply)
        except OSError:
            os._exit(0)  # the owner is gone


def _step_back(cpu_only: bool) -> None:
    """Leave the machine to the window: lower priority, and a core less; before Keras is loaded."""
    threads = str(max(1, (os.cpu_count() or 2) - 1))
    for name in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, threads)
    if cpu_only:
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    lower_priority()
