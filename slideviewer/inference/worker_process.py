"""What runs inside the inference worker's process."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from queue import SimpleQueue
from threading import Event, Thread

from slideviewer.errors import Cancelled, SlideviewerError
from slideviewer.inference.loader import ModelLoader
from slideviewer.inference.messages import (
    Batch,
    Failed,
    Finished,
    Progressed,
    Reply,
    Request,
    Started,
    Stop,
    Stopped,
)
from slideviewer.inference.plan import Plan
from slideviewer.inference.predict import predict_slide
from slideviewer.models.package import ModelPackage, open_package
from slideviewer.progress import Step
from slideviewer.slide import open_slide

_NICENESS = 19
"""The lowest priority: whoever looks at the slide comes first."""
_BELOW_NORMAL_PRIORITY_CLASS = 0x4000
"""Windows: processthreadsapi.h."""
_PROGRESS_SECONDS = 0.2
"""Progress is told at most this often; the listener paints it."""

_log = logging.getLogger(__name__)


def serve(pipe: Connection[Reply, Request | Stop], cpu_only: bool) -> None:
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

    def __init__(self, pipe: Connection[Reply, Request | Stop]) -> None:
        self._pipe = pipe
        self._requests: SimpleQueue[tuple[Request, Event]] = SimpleQueue()
        self._loader: ModelLoader | None = None

    def run(self) -> None:
        """Serve; never returns, for the listener ends the process."""
        Thread(target=self._listen, name="listener", daemon=True).start()
        while True:
            request, stop = self._requests.get()
            self._send(self._answer(request, stop))

    def _listen(self) -> None:
        parent = multiprocessing.parent_process()
        watched: list[Connection[Reply, Request | Stop] | int] = [self._pipe]
        if parent is not None:
            watched.append(parent.sentinel)
        stop = Event()
        while True:
            if self._pipe not in wait(watched):
                os._exit(0)  # the owner died without closing the pipe
            try:
                message = self._pipe.recv()
            except (EOFError, OSError):
                # At once: a model may be in the middle of a step that nothing interrupts, and
                # all that was predicted is on disk.
                os._exit(0)
            if isinstance(message, Stop):
                stop.set()
                stop = Event()
            else:
                self._requests.put((message, stop))

    def _answer(self, request: Request, stop: Event) -> Reply:
        number, began = request.number, time.monotonic()
        told_at = 0.0

        def progress(step: Step) -> None:
            nonlocal told_at
            if stop.is_set():
                raise Cancelled
            at = time.monotonic()
            if at - told_at >= _PROGRESS_SECONDS or step.done == step.total > 0:
                told_at = at
                self._send(Progressed(number, step))

        try:
            return self._predict(request, progress, began)
        except Cancelled:
            return Stopped(number)
        except SlideviewerError as error:
            return Failed(number, str(error))
        except Exception as error:  # noqa: BLE001 - the job runner of this process
            _log.exception("request %s failed", request)
            text = f"The prediction failed: {type(error).__name__}: {error}"
            return Failed(number, text, traceback.format_exc())

    def _predict(
        self, request: Request, progress: Callable[[Step], None], began: float
    ) -> Finished:
        number = request.number
        progress(Step(0, 0, "Opening the slide"))
        package = open_package(request.model)
        spec = package.spec
        slide = open_slide(request.slide)

        def started(plan: Plan) -> None:
            total = int(plan.tissue.sum())
            names, target = spec.class_names, spec.target
            self._send(Started(number, plan.grid, names, target, spec.threshold, total))

        try:
            prediction = predict_slide(
                slide,
                package,
                store=request.store,
                region=request.region,
                spacing=request.spacing,
                first=request.first,
                replace=request.replace,
                progress=progress,
                on_start=started,
                on_batch=lambda cells: self._send(Batch(number, cells)),
                loader=self._loader_of(package),
            )
        finally:
            slide.close()
        predicted = int((prediction.target_probabilities >= 0).sum())
        positive = int(prediction.positive_cells().sum())
        seconds = time.monotonic() - began
        return Finished(number, request.store, predicted, positive, prediction.skipped, seconds)

    def _loader_of(self, package: ModelPackage) -> ModelLoader:
        """Return the package's loader; it is kept, model and all, until another is asked for."""
        kept = self._loader
        if kept is None or (kept.package.hash, kept.package.folder) != (
            package.hash,
            package.folder,
        ):
            self._loader = kept = ModelLoader(package)
        return kept

    def _send(self, reply: Reply) -> None:
        try:
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
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), _BELOW_NORMAL_PRIORITY_CLASS)
    else:
        os.nice(_NICENESS)
