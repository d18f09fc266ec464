"""The inference worker as its owner sees it: a process of its own that loads and runs models.

A process and not a thread, for a driver that crashes or a machine out of memory then ends the
prediction alone, and the window stays quick while a model is loaded.
"""

from __future__ import annotations

import multiprocessing
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from slideviewer.inference.messages import Died, Reply, Request, Stop
from slideviewer.inference.worker_process import serve


class InferenceWorker:
    """Starts, asks and ends the worker process.

    `predict`, `stop`, `kill` and `close` return at once (`close` after its grace) and may be called
    from another thread than the one that calls `receive`.

    Parameters
    ----------
    cpu_only : bool
        Whether the process leaves the graphics processor alone: for trying again after its driver
        failed.
    """

    def __init__(self, *, cpu_only: bool = False) -> None:
        self.cpu_only = cpu_only
        self._process: SpawnProcess | None = None
        self._pipe: Connection[Request | Stop, Reply] | None = None
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
        self._send(replace(request, number=self._number))
        return self._number

    def stop(self) -> None:
        """End what runs and what waits; each answers `Stopped` within about a second."""
        self._send(Stop())

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
                return pipe.recv()
        if not ready or process is not self._process:
            return None
        process.join(1)
        exit_code = process.exitcode
        self._forget()
        return Died(self._number, exit_code)

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

    def _send(self, message: Request | Stop) -> None:
        if self._pipe is not None:
            # To a process that is gone nothing can be said; `receive` tells that it is.
            with suppress(OSError):
                self._pipe.send(message)

    def _forget(self) -> None:
        if self._pipe is not None:
            self._pipe.close()
        self._process, self._pipe = None, None
