"""Talks with the process that predicts: one request at a time, its answers on the GUI thread."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Signal, Slot

from slideviewer.inference.messages import LAST_WORDS, Reply, Request
from slideviewer.inference.worker import InferenceWorker

LISTENING_SECONDS = 0.2
"""How long one look for an answer takes at most, and so an end of the listening."""


class WorkerTalk(QObject):
    """Owns the worker process and listens to it in a thread of its own."""

    answered = Signal(object)  # Reply to the request under way; after the last one none is
    _received = Signal(object)  # Reply to any request, from the listening thread

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._worker = InferenceWorker()
        self._number: int | None = None  # of the request under way
        self._receiving = threading.Lock()
        self._received.connect(self._on_received)

    @property
    def worker(self) -> InferenceWorker:
        """The process that predicts."""
        return self._worker

    @property
    def is_under_way(self) -> bool:
        """Whether a request waits for its last answer."""
        return self._number is not None

    def ask(self, request: Request) -> None:
        """Send a request in place of any other."""
        number = self._number = self._worker.predict(request)
        threading.Thread(target=self._listen, args=(number,), daemon=True).start()

    def stop(self) -> None:
        """Have the request under way end; it still answers."""
        if self.is_under_way:
            self._worker.stop()

    def pause(self, is_wanted: bool) -> None:
        """Have the request under way stand still, or go on."""
        if self.is_under_way:
            self._worker.pause() if is_wanted else self._worker.resume()

    def hold(self, seconds: float) -> None:
        """Have the request under way leave the machine to the window for a moment."""
        if self.is_under_way:
            self._worker.hold(seconds)

    def leave_the_graphics_processor(self) -> None:
        """Have another process answer from now on, one that works on the CPU alone."""
        self.close()
        self._worker = InferenceWorker(cpu_only=True)

    def close(self) -> None:
        """End the worker process."""
        self._number = None
        self._worker.close()

    def _listen(self, number: int) -> None:
        while True:
            with self._receiving:  # whoever listened for the request before may still be at it
                if self._number != number:
                    return
                reply = self._worker.receive(LISTENING_SECONDS)
            if reply is not None:
                self._received.emit(reply)
                if isinstance(reply, LAST_WORDS) and reply.number == number:
                    return

    @Slot(object)
    def _on_received(self, reply: Reply) -> None:
        if reply.number != self._number:
            return
        if isinstance(reply, LAST_WORDS):
            self._number = None
        self.answered.emit(reply)
