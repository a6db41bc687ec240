"""Worker processes of this program.

Belongs here: how they are started, and how they end. Does not belong here: what they work on (``disclosure.suppression``,
``report.parallel``).
"""

from __future__ import annotations

import multiprocessing
import multiprocessing.connection
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Any


@contextmanager
def worker_pool(workers: int, begin: Callable[..., None], *arguments: Any) -> Iterator[ProcessPoolExecutor]:
    """Open a pool of worker processes; after an error the work that waits is dropped.

    Args:
        workers: how many.
        begin: what each of them does first.
        arguments: those of ``begin``.
    """
    # New processes: a forked copy of this one would share its connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin, initargs=(begin, arguments)) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _begin(begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    end_with_parent()
    begin(*arguments)


def end_with_parent() -> None:
    """End this process when the one that started it has ended, also when that was killed.

    The workers of a pool wait for work; nobody would tell them that none will come.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
