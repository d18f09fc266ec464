"""Reading in threads ahead of the one who needs the results."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Thread
from typing import TypeVar

_In = TypeVar("_In")
_Out = TypeVar("_Out")

POLL_SECONDS = 0.1
"""How long a wait lasts before it is asked whether to go on waiting."""


def read_ahead(
    items: Iterable[_In],
    read: Callable[[_In], _Out],
    *,
    threads: int,
    ahead: int,
    waiting: Callable[[], None],
) -> Generator[_Out]:
    """Yield ``read(item)`` in the order of the items, reading in threads.

    Parameters
    ----------
    items : iterable
    read : callable
        Safe to call from several threads; what it raises is raised here in its turn.
    threads : int
    ahead : int
        At most this many results are in memory or in the making.
    waiting : callable
        Called often while there is nothing to yield; raising from it ends everything.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix="read-ahead")
    pending: deque[Future[_Out]] = deque()
    left = iter(items)
    try:
        while True:
            for item in islice(left, ahead - len(pending)):
                pending.append(pool.submit(read, item))
            if not pending:
                return
            yield result_of(pending.popleft(), waiting)
    finally:
        # Reads under way are waited for: the slide may be closed right after.
        pool.shutdown(wait=True, cancel_futures=True)


def result_of(future: Future[_Out], waiting: Callable[[], None]) -> _Out:
    """Wait for a result, asking often whether to go on waiting."""
    while not future.done():
        waiting()
        wait([future], POLL_SECONDS)
    return future.result()


def in_background(work: Callable[[], _Out], name: str) -> Future[_Out]:
    """Start work in a thread that never keeps the program from ending.

    Nobody can interrupt it; whoever has no time to wait leaves it behind. An executor would not:
    the program waits for its threads when it ends.
    """
    future: Future[_Out] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - as in concurrent.futures' own threads
            # Whoever asks for the result has it raised; without it he would wait for ever.
            future.set_exception(error)

    Thread(target=run, name=name, daemon=True).start()
    return future
