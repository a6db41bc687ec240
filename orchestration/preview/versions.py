"""A delivery beside an earlier version of it: which unit answered what otherwise, and what that does to the totals.

Every version that was read lies in the archive. Belongs here: finding a version, and comparing the answers that count in two
of them, read by the form as it is now; it is restricted. Does not belong here: the archive itself (``ingest.capture``).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.core.errors import Problems, UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import dictionaries
from orchestration.forms.model import Form
from orchestration.forms.registry import drafts_of, load_draft
from orchestration.gate.proposals import entries, lost_answers
from orchestration.ingest.capture import LISTS, hash_file, is_left_behind, restore
from orchestration.preview.reading import read

PREVIOUS = "previous"

# Digits of a hash by which a version is named.
_SHOWN = 12


@dataclass(frozen=True)
class Version:
    """A version of a delivery: the hash of its data, when it was read first, and hash by file."""

    sha256: str
    delivery: str
    read_at: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        """What the version is called: as much of its hash as tells it from others."""
        return self.sha256[:_SHOWN]


@dataclass(frozen=True)
class Changed:
    """An answer that counts, of a unit, in the earlier version and in this one; None where there was none."""

    form: str
    unit_code: str
    unit_name: str
    question: str
    item: str
    target_group: str
    reporting_form: str
    before: str | None
    now: str | None
    difference: Decimal | None


@dataclass(frozen=True)
class Effect:
    """Sum of the FTE of all units in the earlier version and in this one."""

    question: str
    target_group: str
    before: Decimal | None
    now: Decimal | None


@dataclass(frozen=True)
class Lost:
    """A unit that lost answers for which nobody signed; ``needs_a_line`` where the gate would refuse it."""

    form: str
    unit_code: str
    unit_name: str
    answers_before: int
    answers_now: int
    answers_lost: int
    needs_a_line: bool


@dataclass(frozen=True)
class Returned:
    """A delivery that is an earlier version again: when it was read first, and when the newest version was."""

    delivery: str
    read_at: str
    newest_read_at: str

    def __str__(self) -> str:
        """Say so as a line for people."""
        # The times of a day are told where both are of one.
        end = len("2016-06-14T10:00") if self.read_at[:10] == self.newest_read_at[:10] else len("2016-06-14")
        first, newest = (moment[:end].replace("T", " ") for moment in (self.read_at, self.newest_read_at))
        return (
            f"delivery {self.delivery}: this is the version that was read first on {first}, older than the one of {newest}"
        )


@dataclass(frozen=True)
class Earlier:
    """What an earlier version holds: its answers that count, the roll of them, and which version of each delivery it is."""

    answers: pa.Table
    roll: pa.Table
    versions: tuple[Version, ...]


@dataclass(frozen=True)
class Comparison:
    """A delivery beside an earlier version of it; ``entries`` are those to sign, as they would be written."""

    versions: tuple[Version, ...]
    changed: tuple[Changed, ...]
    effects: tuple[Effect, ...]
    units_gone: tuple[str, ...]
    units_new: tuple[str, ...]
    lost: tuple[Lost, ...]
    entries: tuple[str, ...]


_ANSWERS = """
    select form, unit_code, question, item, target_group, reporting_form,
        string_agg(coalesce(answer, number_value::double::varchar, ''), ', ' order by answer, number_value) as answer,
        case when question in (select code from classifications.codelists where codelist = 'fte_breakdown')
            then sum(number_value)::decimal(18, 6) end as fte
    from intermediate.int_delivered_answers
    where time_period = $year
    group by form, unit_code, question, item, target_group, reporting_form
    having answer != ''
"""

_CHANGED = f"""
    with now as ({_ANSWERS})
    select coalesce(now.form, earlier.form) as form, coalesce(now.unit_code, earlier.unit_code) as unit_code,
        coalesce(units.unit_name, '') as unit_name, coalesce(now.question, earlier.question) as question,
        coalesce(now.item, earlier.item) as item, coalesce(now.target_group, earlier.target_group) as target_group,
        coalesce(now.reporting_form, earlier.reporting_form) as reporting_form,
        earlier.answer as before, now.answer as now,
        case when now.fte is not null or earlier.fte is not null
            then coalesce(now.fte, 0) - coalesce(earlier.fte, 0) end as difference
    from now
    full join earlier using (form, unit_code, question, item, target_group, reporting_form)
    left join (select distinct unit_code, unit_name from intermediate.int_units where time_period = $year) as units
        on coalesce(now.unit_code, earlier.unit_code) = units.unit_code
    where earlier.answer is distinct from now.answer
    order by abs(difference) desc nulls last, unit_code, question, item, target_group, reporting_form
"""

_EFFECTS = f"""
    with now as ({_ANSWERS}),
    sums as (select question, target_group, sum(fte) as fte from now where item != 'total' group by all),
    sums_before as (select question, target_group, sum(fte) as fte from earlier where item != 'total' group by all)
    select question, target_group, sums_before.fte as before, sums.fte as now
    from sums full join sums_before using (question, target_group)
    where sums.fte is distinct from sums_before.fte
    order by question, target_group
"""

_UNITS = f"""
    with now as (select distinct unit_code from ({_ANSWERS})),
    before as (select distinct unit_code from earlier)
    select
        list(unit_code order by unit_code) filter (unit_code not in (select unit_code from now)) as gone,
        list(unit_code order by unit_code) filter (unit_code not in (select unit_code from before)) as new
    from (from now union from before)
"""


def versions_of(settings: Settings, delivery: str) -> list[Version]:
    """Return the versions of a delivery that were read, the newest first."""
    found: dict[str, Version] = {}
    for path in sorted((settings.archive / LISTS).glob("*.json"), key=lambda path: path.stat().st_mtime_ns):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["delivery"] == delivery:
            read_at = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
            # Two forms that read one delivery have a list each, of the same files.
            found.setdefault(
                json.dumps(content["files"], sort_keys=True), Version(path.stem, delivery, read_at, content["files"])
            )
    return list(found.values())[::-1]


def _now(folder: Path) -> set[str]:
    return {hash_file(path) for path in folder.iterdir() if path.is_file() and not is_left_behind(path.name)}


def _wanted(settings: Settings, delivery: str, name: str) -> Version | None:
    """Return the version of a delivery that somebody names; None where it has no other than the present one."""
    folder = settings.deliveries / delivery
    found = versions_of(settings, delivery)
    if name == PREVIOUS:
        present = _now(folder) if folder.is_dir() else set()
        return next((version for version in found if set(version.files.values()) != present), None)
    return next((version for version in found if version.sha256.startswith(name)), None)


def returned(settings: Settings, deliveries: Iterable[str]) -> list[Returned]:
    """Return the deliveries that are now what they were before a newer version was read."""
    found = []
    for delivery in sorted(deliveries):
        folder, versions = settings.deliveries / delivery, versions_of(settings, delivery)
        if len(versions) < 2 or not folder.is_dir():
            continue
        present = _now(folder)
        known = next((version for version in versions if set(version.files.values()) == present), None)
        if known is not None and known != versions[0]:
            found.append(Returned(delivery, known.read_at, versions[0].read_at))
    return found


_ROLL = """
    select form, versions.sha256, unit_code, question, item, target_group, reporting_form
    from intermediate.int_answer_roll
    inner join intermediate.int_delivery_versions as versions using (form)
    where versions.time_period = $year
"""


def answers_before(settings: Settings, year: int, name: str) -> Earlier:
    """Return the answers that count in an earlier version of a year's deliveries, read by the forms as they are now.

    Args:
        settings: where archive and forms lie.
        year: the survey year.
        name: ``previous``, or the beginning of the hash of a version.

    Raises:
        UserError: there is no such version, or the archive lacks a file of it.
    """
    forms: list[Form] = [load_draft(path, Problems(go_on=True))[0] for path in drafts_of(settings.forms, year)]
    deliveries = sorted({form.delivery for form in forms})
    chosen = {delivery: _wanted(settings, delivery, name) for delivery in deliveries}
    wanted = [version for version in chosen.values() if version is not None]
    if not wanted:
        known = [version for delivery in deliveries for version in versions_of(settings, delivery)]
        told = ", ".join(f"{version.name} ({version.read_at})" for version in known) or "none was read"
        raise UserError(
            f"{'no earlier version' if name == PREVIOUS else f'no version {name!r}'} of the delivery of {year} is archived",
            place=str(settings.archive / LISTS),
            remedy=f"versions that were read: {told}",
        )
    with tempfile.TemporaryDirectory(dir=settings.preview.parent if settings.preview.parent.is_dir() else None) as temporary:
        folder = Path(temporary)
        for delivery, version in chosen.items():
            if version is not None:
                restore(version.sha256, settings.archive, folder)
            elif (settings.deliveries / delivery).is_dir():
                (folder / delivery).symlink_to((settings.deliveries / delivery).resolve())
        models = ("int_delivered_answers", "int_answer_roll", "int_delivery_versions")
        with read(settings, year, folder, models) as (_, connection):
            answers, roll = (connection.execute(sql, {"year": year}).to_arrow_table() for sql in (_ANSWERS, _ROLL))
            return Earlier(answers, roll, tuple(wanted))


def compare(connection: duckdb.DuckDBPyConnection, year: int, earlier: Earlier) -> Comparison:
    """Compare the answers that count in the warehouse of a look with those of an earlier version, whose roll it has."""
    connection.register("earlier", earlier.answers)
    parameters = {"year": year}
    units: dict[str, Any] = dictionaries(connection, _UNITS, parameters)[0]
    lost = lost_answers(connection)
    to_sign = entries(row for row in lost if row["verdict"] == "unsigned")
    result = Comparison(
        versions=earlier.versions,
        changed=tuple(Changed(**row) for row in dictionaries(connection, _CHANGED, parameters)),
        effects=tuple(Effect(**row) for row in dictionaries(connection, _EFFECTS, parameters)),
        units_gone=tuple(units["gone"] or ()),
        units_new=tuple(units["new"] or ()),
        lost=tuple(_lost(row) for row in lost),
        entries=tuple(entry for found in to_sign.values() for entry in found),
    )
    connection.unregister("earlier")
    return result


def _lost(row: dict[str, Any]) -> Lost:
    counts = {name: row[name] for name in ("answers_before", "answers_now", "answers_lost")}
    return Lost(row["form"], row["unit_code"], row["unit_name"] or "", **counts, needs_a_line=row["verdict"] == "unsigned")
