"""Many reports of one kind: those of all counties or municipalities of a year, by as many processes as there are cores.

Each process keeps its tools running and makes batches of reports; all are put in place when all are made. Belongs here:
distributing the work, and reporting progress. Does not belong here: making a report (``making``).
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed
from dataclasses import replace
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.processes import worker_pool
from orchestration.core.settings import Settings
from orchestration.report.build import Desk, Wanted, open_desk
from orchestration.report.making import Built, Refused, earlier_folders, make, put_in_place, scratch
from orchestration.report.values import BASIS, CODE, LEVEL, YEAR

# How many reports a process makes before it returns them: their cells are read together.
SHARE = 12
# How many of the other failed reports an error names.
NAMED = 5


def areas_of(desk: Desk, report: str, year: int) -> list[str]:
    """Return the codes of the areas on today's map for which a report is made in a year."""
    level = desk.source(report).report.area
    rows = desk.published.rows("areas", {LEVEL: level, YEAR: str(year), BASIS: "current"})
    return sorted({str(row[CODE]) for row in rows})


def build_all(
    settings: Settings,
    wanted: Wanted,
    into: Path | None = None,
    on_progress: Callable[[int, int], None] = lambda done, of: None,
) -> list[Built]:
    """Build a report for each area in a separate folder; if one fails a check, none is put in place.

    Args:
        settings: where inputs, snapshots and reports lie.
        wanted: the report, without its area.
        into: the folder for the reports' folders; None for the snapshot's folder among the reports.
        on_progress: called with the number of finished reports and the number of all.

    Raises:
        UserError: a report could not be made; the error describes the first, and names and counts the others.
    """
    with open_desk(settings) as desk:
        every = [replace(wanted, area=code) for code in areas_of(desk, wanted.report, wanted.year)]
        target = settings.reports / desk.published.id if into is None else into
        earlier = earlier_folders(settings, target)
        with scratch(target) as folder:
            found: list[Built | Refused] = []
            # So few are finished before other processes would have started.
            if len(every) <= SHARE:
                found = make(desk, every, folder, earlier)
                on_progress(len(found), len(every))
            else:
                for each in by_several(settings, None, every, folder, earlier):
                    found += each
                    on_progress(len(found), len(every))
            refused = sorted((each for each in found if isinstance(each, Refused)), key=lambda each: each.name)
            if refused:
                raise _together(refused, len(every))
            built = sorted((each for each in found if isinstance(each, Built)), key=lambda each: each.name)
            return [put_in_place(each, target) for each in built]


def by_several(
    settings: Settings, candidate: Path | None, every: Sequence[Wanted], folder: Path, earlier: Sequence[Path]
) -> Iterator[list[Built | Refused]]:
    """Make reports by several processes, and yield each share when it is finished.

    Args:
        settings: where inputs, snapshots and reports lie.
        candidate: the folder of the candidate to report on; None for the published snapshot.
        every: the reports to make.
        folder: where they are made.
        earlier: folders that may contain finished reports.
    """
    shares = [every[at : at + SHARE] for at in range(0, len(every), SHARE)]
    workers = min(os.cpu_count() or 1, len(shares))
    with worker_pool(workers, _begin, settings, candidate) as pool:
        for each in as_completed([pool.submit(_work, share, folder, earlier) for share in shares]):
            yield each.result()


class _Worker:
    """What a worker process keeps open between shares."""

    desk: Desk


def _begin(settings: Settings, candidate: Path | None) -> None:
    opened = open_desk(settings, candidate)
    _Worker.desk = opened.__enter__()
    atexit.register(opened.__exit__, None, None, None)


def _work(share: Sequence[Wanted], folder: Path, earlier: Sequence[Path]) -> list[Built | Refused]:
    return make(_Worker.desk, share, folder, earlier)


def _together(refused: Sequence[Refused], of: int) -> UserError:
    """Return the first of several errors, with the names of the next ones."""
    first = refused[0]
    if len(refused) == 1:
        return first.error
    names = ", ".join(each.name for each in refused[1 : NAMED + 1]) + (" ..." if len(refused) > NAMED + 1 else "")
    what = f"{first.name}: {first.what} (none was put in place: {len(refused)} of {of} failed, also {names})"
    return UserError(what, place=first.place, remedy=first.remedy)
