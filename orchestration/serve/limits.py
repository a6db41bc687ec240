"""Limits for a single request, and for all together.

Belongs here: the limits, and the turnstile that limits simultaneous queries. Does not belong here: what a query does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from orchestration.serve.request_errors import RequestError


@dataclass(frozen=True)
class Limits:
    """Limits of answers and queries; ``memory_megabytes`` and ``threads`` are DuckDB's."""

    cells: int = 800_000
    # A workbook of this size takes Python some seconds; a larger page takes a browser that long.
    workbook_cells: int = 100_000
    page_cells: int = 20_000
    answer_megabytes: int = 64
    sql_bytes: int = 20_000
    seconds: float = 10.0
    memory_megabytes: int = 1_000
    threads: int = 2
    # The number of simultaneous queries, how long further ones wait, and the number of simultaneous open requests.
    queries: int = 2
    waiting_seconds: float = 20.0
    connections: int = 100


@dataclass
class Turnstile:
    """Admits as many simultaneous queries as the limits allow."""

    limits: Limits
    _free: threading.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Create the places."""
        self._free = threading.Semaphore(self.limits.queries)

    @contextmanager
    def place(self, where: str) -> Iterator[None]:
        """Hold one of the places for the length of a ``with`` block.

        Raises:
            RequestError: none became free in time.
        """
        if not self._free.acquire(timeout=self.limits.waiting_seconds):
            raise RequestError(
                503,
                f"{self.limits.queries} queries are already running",
                place=where,
                remedy="try again in a moment",
                headers={"Retry-After": "5"},
            )
        try:
            yield
        finally:
            self._free.release()


def too_many_cells(cells: int, limits: Limits, where: str, remedy: str, most: int | None = None) -> RequestError:
    """Return the refusal of an answer that would be too large."""
    return RequestError(
        413,
        f"the answer would have {cells:,} cells, more than {limits.cells if most is None else most:,}",
        place=where,
        remedy=remedy,
    )


def too_slow(limits: Limits, where: str) -> RequestError:
    """Return the refusal of a query that took too long."""
    return RequestError(
        504,
        f"the query took longer than {limits.seconds:g} seconds and was stopped",
        place=where,
        remedy="ask for less, or read the files of the snapshot",
    )
