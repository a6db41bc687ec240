"""The reports that are part of a snapshot: made from a candidate before it has an id.

They are formats like all others: content of the snapshot, so that they are judged, approved, kept and withdrawn with their
figures. A report that cannot be made is left out and reported: an author's mistake must not hold back figures. The national
report takes seconds and is always made; memos and sheets of all areas are optional formats.

Belongs here: which reports a candidate has, and where. Does not belong here: making them (``making``, ``parallel``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.publish.formats import REPORTS
from orchestration.report.build import Wanted, open_desk
from orchestration.report.making import Built, Refused, earlier_folders, make, put_in_place, scratch
from orchestration.report.model import REPORT, load_source
from orchestration.report.parallel import SHARE, areas_of, by_several

DEFECT = "run ./is248 report to make it alone and see where it fails"


def write_reports(
    settings: Settings, candidate: Path, formats: Collection[str], predecessor: Path | None, *, takes_over: bool = True
) -> list[Refused]:
    """Write the reports of the newest round into a candidate, below a folder of the format.

    Args:
        settings: where sources and finished reports lie.
        candidate: its folder, with the files that reports are read back against.
        formats: the formats to write.
        predecessor: the published snapshot.
        takes_over: whether reports of the snapshot, and those made before, are reused if their edition is the same.

    Returns:
        The reports that could not be made, with the reason.
    """
    refused: list[Refused] = []
    for format_, area in REPORTS.items():
        if format_ not in formats:
            continue
        target = candidate / format_
        earlier = earlier_folders(settings, *([predecessor / format_] if predecessor else [])) if takes_over else []
        for source in sorted(settings.report_sources.glob(f"*/{REPORT}")):
            name = source.parent.name
            try:
                if load_source(source.parent).report.area != area:
                    continue
                found = _made(settings, candidate, name, target, earlier)
            except UserError as error:
                found = [Refused(name, error.what, error.place, error.remedy)]
            except Exception as error:  # whatever it is: a report must not hold back figures
                found = [Refused(name, f"{type(error).__name__}: {error}", str(source), DEFECT)]
            refused += [each for each in found if isinstance(each, Refused)]
    return refused


def _made(settings: Settings, candidate: Path, report: str, target: Path, earlier: Sequence[Path]) -> list[Built | Refused]:
    """Make the reports of one source, and put those that passed in place."""
    with open_desk(settings, candidate) as desk:
        rounds = desk.published.rounds()
        if not rounds:
            return []
        year = max(rounds)
        is_of_areas = desk.source(report).report.area != "country"
        every = [Wanted(report, year, area=code) for code in (areas_of(desk, report, year) if is_of_areas else [""])]
        with scratch(candidate) as folder:
            found: list[Built | Refused] = []
            if len(every) <= SHARE:
                found = make(desk, every, folder, earlier)
            else:
                for each in by_several(settings, candidate, every, folder, earlier):
                    found += each
            built = [each for each in found if isinstance(each, Built)]
            if built:
                target.mkdir(exist_ok=True)
            return [put_in_place(each, target) if isinstance(each, Built) else each for each in found]
