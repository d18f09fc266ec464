"""The inference worker as its owner sees it: a process of its own that loads and runs models.

A process and not a thread, for a driver that crashes or a machine out of memory then ends the
prediction alone, and the window stays quick while a model is loaded.
"""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from slideviewer.inference.messages import (
    LAST_WORDS,
    Died,
    Hold,
    Message,
    Pause,
    Reply,
    Request,
    Resume,
    Stop,
    Stopped,
)
from slideviewer.inference.worker_process import serve

PATIENCE_SECONDS = 120.0
"""A process that has something to do and says nothing for so long hangs, as drivers do."""


class InferenceWorker:
    """Starts, asks and ends the worker process.

    `predict`, `stop`, `kill` and `close` return at once (`close` after its grace) and may be called
    from another thread than the one that calls `receive`.

    Parameters
    ----------
    cpu_only : bool
        Whether the process leaves the graphics processor alone: for trying again after its driver
        failed.
    patience_s : float
        A process that hangs is ended after so many seconds, if `receive` is asked meanwhile.
    """

    def __init__(self, *, cpu_only: bool = False, patience_s: float = PATIENCE_SECONDS) -> None:
        self.cpu_only = cpu_only
        self._patience_s = patience_s
        self._heard_at = 0.0
        self._waiting: set[int] = set()  # requests without their last answer
        self._is_hung = self._is_leaving = False
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Message, Reply] | None = None
        self._number = 0

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        """The process's number, or None where there is none."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process; nothing happens where it runs already."""
        if self._is_leaving and self._process is not None:
            self._process.join(1)
        if self.is_alive:
            return
        self._forget()
        spawn = multiprocessing.get_context("spawn")
        ours, theirs = spawn.Pipe()
        # As a daemon it ends when the owner's program ends, and never keeps it from ending. It
        # watches its parent too, for a program that is killed ends nobody.
        process = spawn.Process(
            target=serve, args=(theirs, self.cpu_only), name="slideviewer-inference", daemon=True
        )
        process.start()
        theirs.close()  # else the pipe would stay open after the process is gone
        self._process, self._pipe = process, ours

    def predict(self, request: Request) -> int:
        """Ask for a prediction, starting the process if need be. Requests are served in turn.

        Returns
        -------
        int
            The number that the answers to it carry.
        """
        self.start()
        self._number += 1
        # First the clock: whoever listens meanwhile counts from it once there is a request.
        self._heard_at = time.monotonic()
        self._waiting.add(self._number)
        self._send(replace(request, number=self._number))
        return self._number

    def stop(self) -> None:
        """End what runs and what waits; each answers `Stopped` within about a second."""
        self._send(Stop())

    def pause(self) -> None:
        """Have what runs stand still until `resume`."""
        self._send(Pause(self._number))

    def resume(self) -> None:
        """Have what stands still go on."""
        self._send(Resume())

    def hold(self, seconds: float) -> None:
        """Have what runs leave the machine to others for a moment."""
        self._send(Hold(seconds))

    def receive(self, timeout: float | None = None) -> Reply | None:
        """Wait for the next answer.

        Parameters
        ----------
        timeout : float, optional
            Seconds; without limit by default.

        Returns
        -------
        Reply or None
            None where none came in time, or no process was started, or it was closed. `Died`,
            once, where the process is gone and everything that it had still sent was received.
        """
        process, pipe = self._process, self._pipe
        if process is None or pipe is None:
            return None
        try:
            ready = wait([pipe, process.sentinel], timeout)
        except (OSError, ValueError):
            return None  # closed by another thread
        if pipe in ready:
            # A process that is killed while it sends leaves half a message.
            with suppress(EOFError, OSError):
                return self._heard(pipe.recv())
        if not ready and self._waiting:
            self._lose_patience()
        if not ready or process is not self._process:
            return None
        process.join(1)
        exit_code, is_hung = process.exitcode, self._is_hung
        is_expected = self._is_leaving and not self._waiting
        self._forget()
        return None if is_expected else Died(self._number, exit_code, is_hung)

    def kill(self) -> None:
        """End the process at once, whatever it does; `receive` then returns `Died`."""
        if self._process is not None:
            self._process.kill()

    def close(self, grace: float = 2.0) -> None:
        """End the process, gently at first. Closing twice is harmless."""
        process, pipe = self._process, self._pipe
        if process is None or pipe is None:
            return
        self._process, self._pipe = None, None
        pipe.close()
        process.join(grace)
        if process.is_alive():
            process.kill()
            process.join()

    def _heard(self, reply: Reply) -> Reply:
        self._heard_at = time.monotonic()
        if isinstance(reply, LAST_WORDS):
            self._waiting.discard(reply.number)
        if isinstance(reply, Stopped) and reply.with_process:
            self._is_leaving = True
        return reply

    def _lose_patience(self) -> None:
        """End a process of which nothing has been heard for too long."""
        if time.monotonic() - self._heard_at > self._patience_s:
            self._is_hung = True
            self.kill()

    def _send(self, message: Message) -> None:
        if self._pipe is not None:
            # To a process that is gone nothing can be said; `receive` tells that it is.
            with suppress(OSError):
                self._pipe.send(message)

    def _forget(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        self._process, self._pipe = None, None
        self._waiting, self._is_hung, self._is_leaving = set(), False, False
