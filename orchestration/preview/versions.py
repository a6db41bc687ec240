"""A delivery compared with an earlier version of it: which units changed which answers, and the effect on the totals.

Every version that was read is in the archive. Belongs here: finding a version, what became of it, and comparing the
answers that count in two of them, read by the form as it is now; it is restricted. Does not belong here: the archive itself
(``ingest.archive``), or what must be signed (``lost_answers``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from orchestration.core.errors import Problems, UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries
from orchestration.forms.model import Form
from orchestration.forms.registry import drafts_of, load_draft
from orchestration.ingest.archive import LISTS, Version, present_version, restore, versions_of
from orchestration.preview.reading import read
from orchestration.publish import pointer, snapshots
from orchestration.publish.snapshot_files import DATABASE

# How long a moment is when it is written as a day, and when it is written to the minute.
_A_DAY, _A_MINUTE = len("YYYY-MM-DD"), len("YYYY-MM-DDThh:mm")

# Words that name a version; else it is the beginning of its hash.
PREVIOUS = "previous"
PUBLISHED = "published"


@dataclass(frozen=True)
class Compared:
    """A version that is compared with: its name, when it was first read and last came, and what was published of it.

    ``snapshot`` is the last one that was made from it, if there is one; ``is_published`` whether that is the published one.
    """

    name: str
    sha256: str
    delivery: str
    read_at: str
    read_last: str
    snapshot: str | None
    is_published: bool

    @property
    def read_on(self) -> str:
        """The day on which it was read first."""
        return self.read_at[:_A_DAY]

    def __str__(self) -> str:
        """Say so as a line for people."""
        read_at, last = _moments(self.read_at, self.read_last)
        again = f", and again on {last}" if self.read_last != self.read_at else ""
        became = (
            f"published now, in {self.snapshot}"
            if self.is_published
            else f"published before, in {self.snapshot}"
            if self.snapshot
            else "never published: refused, held, or replaced before it was published"
        )
        return f"version {self.name} of {self.delivery}, read first on {read_at}{again}; {became}"


@dataclass(frozen=True)
class Changed:
    """A unit's counting answer in the earlier version and in this one; None where there was none."""

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
class Fewer:
    """A unit that lost answers of the earlier version: how many it had there, how many of those are gone, and has now."""

    form: str
    unit_code: str
    unit_name: str
    answers_before: int
    answers_lost: int
    answers_now: int


@dataclass(frozen=True)
class Returned:
    """A delivery that is an earlier version again: when it was read first, and when the newest version was."""

    delivery: str
    read_at: str
    newest_read_at: str

    def __str__(self) -> str:
        """Say so as a line for people."""
        first, newest = _moments(self.read_at, self.newest_read_at)
        return (
            f"delivery {self.delivery}: this is the version that was read first on {first}, older than the one of {newest}"
        )


def _moments(*moments: str) -> list[str]:
    """Return moments as days; with their times where all fall on one day."""
    end = _A_MINUTE if len({moment[:_A_DAY] for moment in moments}) == 1 else _A_DAY
    return [moment[:end].replace("T", " ") for moment in moments]


@dataclass(frozen=True)
class Earlier:
    """What an earlier version holds: its answers that count, and which version of each delivery it is."""

    answers: pa.Table
    versions: tuple[Compared, ...]


@dataclass(frozen=True)
class Comparison:
    """A delivery beside an earlier version of it."""

    versions: tuple[Compared, ...]
    changed: tuple[Changed, ...]
    effects: tuple[Effect, ...]
    units_gone: tuple[str, ...]
    units_new: tuple[str, ...]
    fewer: tuple[Fewer, ...]


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


_FEWER = f"""
    with now as ({_ANSWERS}),
    lost as (
        select form, unit_code, count(*) as answers_before, count(*) filter (now.form is null) as answers_lost
        from earlier left join now using (form, unit_code, question, item, target_group, reporting_form)
        group by form, unit_code
    ),
    names as (select distinct unit_code, unit_name from intermediate.int_units where time_period = $year)
    select lost.form, lost.unit_code, coalesce(names.unit_name, '') as unit_name, lost.answers_before, lost.answers_lost,
        (select count(*) from now where now.form = lost.form and now.unit_code = lost.unit_code) as answers_now
    from lost left join names using (unit_code)
    where lost.answers_lost > 0
    order by lost.answers_lost / lost.answers_before desc, lost.form, lost.unit_code
"""


def _snapshots_of(settings: Settings) -> tuple[dict[str, str], frozenset[str]]:
    """Return the last snapshot that was made from each version, by its hash, and the hashes of the published one."""
    last: dict[str, str] = {}
    folders = snapshots.readable_snapshots(settings.snapshots)
    published = pointer.current(settings.snapshots)
    now: frozenset[str] = frozenset()
    for folder in [*folders, *([published] if published is not None else [])]:
        with connect(folder / DATABASE, read_only=True) as connection:
            hashes = frozenset(sha256 for (sha256,) in connection.execute("select sha256 from deliveries").fetchall())
        last |= dict.fromkeys(hashes, folder.name)
        now = hashes if folder == published else now
    return last, now


def _compared(version: Version, last: dict[str, str], published: frozenset[str]) -> Compared:
    made = [last[sha256] for sha256 in version.hashes if sha256 in last]
    return Compared(
        version.name,
        version.hashes[0],
        version.delivery,
        version.read_at,
        version.read_last,
        made[0] if made else None,
        bool(published.intersection(version.hashes)),
    )


def _wanted(settings: Settings, delivery: str, name: str, published: frozenset[str]) -> Version | None:
    """Return the version of a delivery that a name stands for; None if there is no such version."""
    folder = settings.deliveries / delivery
    found = versions_of(settings.archive, delivery)
    if name == PUBLISHED:
        return next((version for version in found if published.intersection(version.hashes)), None)
    if name == PREVIOUS:
        present = present_version(folder, found) if folder.is_dir() else None
        # The present version came last, or has not been read yet.
        return next((version for version in found if version != present), None)
    return next((version for version in found if version.is_called(name)), None)


def returned(settings: Settings, deliveries: Iterable[str]) -> list[Returned]:
    """Return the deliveries that are an earlier version again, though a newer one was read in between."""
    found = []
    for delivery in sorted(deliveries):
        folder, versions = settings.deliveries / delivery, versions_of(settings.archive, delivery)
        if len(versions) < 2 or not folder.is_dir():
            continue
        known, newest = present_version(folder, versions), max(versions, key=lambda version: version.read_at)
        if known is not None and known != newest:
            found.append(Returned(delivery, known.read_at, newest.read_at))
    return found


def answers_before(settings: Settings, year: int, name: str) -> Earlier:
    """Return the answers that count in an earlier version of a year's deliveries, read by the forms as they are now.

    Args:
        settings: where archive and forms lie.
        year: the survey year.
        name: ``previous``: the last version before this one that differs from it; ``published``: the one that the published
            snapshot was made of; or the beginning of the hash of a version.

    Raises:
        UserError: there is no such version, or the archive lacks a file of it.
    """
    forms: list[Form] = [load_draft(path, Problems(go_on=True))[0] for path in drafts_of(settings.forms, year)]
    deliveries = sorted({form.delivery for form in forms})
    last, published = _snapshots_of(settings)
    chosen = {delivery: _wanted(settings, delivery, name, published) for delivery in deliveries}
    wanted = tuple(_compared(version, last, published) for version in chosen.values() if version is not None)
    if not wanted:
        known = [version for delivery in deliveries for version in versions_of(settings.archive, delivery)]
        versions = ", ".join(f"{version.name} ({version.read_at})" for version in known) or "none was read"
        what = {PREVIOUS: "no earlier version", PUBLISHED: "no published version"}.get(name, f"no version {name!r}")
        raise UserError(
            f"{what} of the delivery of {year} is archived",
            place=str(settings.archive / LISTS),
            remedy=f"versions that were read: {versions}",
        )
    with tempfile.TemporaryDirectory(dir=settings.preview.parent if settings.preview.parent.is_dir() else None) as temporary:
        folder = Path(temporary)
        for delivery, version in chosen.items():
            if version is not None:
                restore(version.hashes[0], settings.archive, folder)
            elif (settings.deliveries / delivery).is_dir():
                (folder / delivery).symlink_to((settings.deliveries / delivery).resolve())
        with read(settings, year, folder, ("int_delivered_answers",)) as (_, connection):
            return Earlier(connection.execute(_ANSWERS, {"year": year}).to_arrow_table(), wanted)


def compare(connection: duckdb.DuckDBPyConnection, year: int, earlier: Earlier) -> Comparison:
    """Compare the answers that count in the warehouse of a preview with those of an earlier version."""
    connection.register("earlier", earlier.answers)
    parameters = {"year": year}
    units: dict[str, Any] = dictionaries(connection, _UNITS, parameters)[0]
    result = Comparison(
        versions=earlier.versions,
        changed=tuple(Changed(**row) for row in dictionaries(connection, _CHANGED, parameters)),
        effects=tuple(Effect(**row) for row in dictionaries(connection, _EFFECTS, parameters)),
        units_gone=tuple(units["gone"] or ()),
        units_new=tuple(units["new"] or ()),
        fewer=tuple(Fewer(**row) for row in dictionaries(connection, _FEWER, parameters)),
    )
    connection.unregister("earlier")
    return result
