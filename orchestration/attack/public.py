"""The public files of a snapshot, as anybody can read them.

Belongs here: reading the public DuckDB file, and who lies in which area by the tables ``areas`` and ``area_changes`` alone.
Does not belong here: anything that is not public, and any conclusion.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from orchestration.attack.connections import opened
from orchestration.attack.kept_pieces import fingerprint
from orchestration.attack.result import TableKey
from orchestration.core.content_hashes import content_of
from orchestration.core.errors import UserError

ANSWERS = "indicator_shares"
MUNICIPALITIES = "municipalities"
WAITS = "awaits_changes"
WITH_DISTRICTS = "with_districts"
WITH_AGENCIES = "with_agencies"
# What the country and size groups count as one, and areas by its districts: the two sets of a table that has both.
BY_LEVEL = "by_level"
COUNTRY = "0"
HIDDEN = -1

# Units by level, and the unit sets that they belong to (docs/use/contract.md); a divided municipality is one unit of the
# first set, and of the last beside its districts.
_SETS_OF_LEVEL = {
    "municipality": (MUNICIPALITIES, WITH_DISTRICTS, WITH_AGENCIES, BY_LEVEL),
    "city_district": (WITH_DISTRICTS, WITH_AGENCIES, BY_LEVEL),
    "agency": (WITH_AGENCIES,),
}
# Columns of the table of areas that say where a unit lies.
_LEVELS = {"county": "county_code", "hf_area": "hf_code", "health_region": "health_region", "size_group": "size_group"}
_SAME_GROUND = "name_change"


class Group(NamedTuple):
    """A group of units as the public tables name it."""

    unit_level: str
    unit_code: str
    area_basis: str


@dataclass(frozen=True)
class Frame:
    """The units of a unit set in a year and the groups that they lie in.

    ``members`` has a row for each of ``groups``; ``silent`` are units that answered nothing at all; ``own`` are the divided
    municipalities that are a county of their own, so that their answers are public as the county's.
    """

    units: tuple[str, ...]
    groups: tuple[Group, ...]
    members: NDArray[np.bool_]
    silent: NDArray[np.bool_]
    own: NDArray[np.bool_]
    divided: NDArray[np.bool_]

    @cached_property
    def responding(self) -> NDArray[np.bool_]:
        """Return the responding units of each group."""
        return self.members & ~self.silent

    @cached_property
    def as_if_all_responded(self) -> Frame:
        """Return the same units and groups, as if every unit had responded."""
        return replace(self, silent=np.zeros_like(self.silent))

    @cached_property
    def names(self) -> list[bytes]:
        """Return a key that groups with the same responding units share."""
        return [row.tobytes() for row in self.responding]

    @cached_property
    def sizes(self) -> list[int]:
        """Return the number of responding units of each group."""
        return [int(size) for size in self.responding.sum(axis=1)]

    @cached_property
    def whole_sizes(self) -> list[int]:
        """Return the number of units of each group."""
        return [int(size) for size in self.members.sum(axis=1)]

    @cached_property
    def place(self) -> Mapping[Group, int]:
        """Return the row of each group."""
        return {group: i for i, group in enumerate(self.groups)}


@dataclass(frozen=True)
class Shown:
    """What is shown of one table: ``members`` of each group over the units of its frame, and its figures.

    ``n_answer`` has a row a group and a column an answer, ``HIDDEN`` where the figure is not shown. ``members`` leave out
    silent units: nothing about them is unknown. Groups of the same units are one.
    """

    key: TableKey
    unit_set: str
    answers: tuple[str, ...]
    groups: tuple[Group, ...]
    members: NDArray[np.bool_]
    n_answer: NDArray[np.int64]
    n_answered: NDArray[np.int64]
    # Limits of hidden figures that are closer than the country's figure: row, answer, lower, upper. HIDDEN as the answer
    # stands for the units that answered.
    limits: tuple[tuple[int, int, int, int], ...] = ()
    unknown_groups: int = 0


@dataclass(frozen=True)
class Question:
    """What the catalogue says of a question in a year: who was asked, and whether the figures are a union of questions."""

    population: str = "all"
    is_derived: bool = False


@dataclass
class Public:
    """The public tables of one snapshot that the attack reads."""

    database: Path
    frames: dict[tuple[int, str], Frame] = field(default_factory=dict)
    tables: dict[TableKey, Shown] = field(default_factory=dict)
    scales: dict[str, str] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    questions: dict[TableKey, Question] = field(default_factory=dict)
    codes: dict[str, frozenset[str]] = field(default_factory=dict)
    silent: dict[int, frozenset[str]] = field(default_factory=dict)
    without_units: list[TableKey] = field(default_factory=list)
    # Year, target group and unit of FTE with the note that one half of a separate report is missing.
    half_missing: list[tuple[int, str, str]] = field(default_factory=list)
    # Tables that are marked as keeping the figures of an earlier snapshot.
    waiting: set[TableKey] = field(default_factory=set)
    # Rows that are marked as confidential and still have a figure.
    open_rows: list[tuple[TableKey, str, Group]] = field(default_factory=list)


class Readings:
    """Answers already read: databases with equal answers are read once."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._read: dict[tuple[str, str], Public] = {}

    def answers(self, connection: duckdb.DuckDBPyConnection, public: Public, only: Collection[TableKey] | None) -> None:
        """Read the answers of a snapshot whose frames are known, or take those of one with the same answers and frames."""
        same = content_of(connection, ANSWERS), fingerprint(public.frames)
        read = self._read.get(same)
        if read is None:
            _read_answers(connection, public, only)
            if only is None:
                self._read[same] = public
            return
        wanted = read.tables.keys() if only is None else only
        public.waiting = set(read.waiting)
        public.tables = {key: shown for key, shown in read.tables.items() if key in wanted}
        public.without_units = [key for key in read.without_units if only is None or key in only]
        public.open_rows = [row for row in read.open_rows if only is None or row[0] in only]


def read(database: Path, only: Collection[TableKey] | None = None, readings: Readings | None = None) -> Public:
    """Read the public tables of a snapshot.

    Args:
        database: the snapshot's DuckDB file.
        only: the tables of answers to read; all where None.
        readings: what was read before.

    Raises:
        UserError: the file lacks a table, or its figures contradict one another.
    """
    public = Public(database)
    try:
        with opened(database) as connection:
            _read_catalogue(connection, public)
            _read_frames(connection, public)
            (readings or Readings()).answers(connection, public, only)
    except duckdb.Error as error:
        raise UserError(
            f"the public tables cannot be read ({error})", place=str(database), remedy="give the DuckDB file of a snapshot"
        ) from error
    return public


def _read_catalogue(connection: duckdb.DuckDBPyConnection, public: Public) -> None:
    for indicator, scale, base in connection.sql("select indicator, scale, base from indicators").fetchall():
        public.scales[indicator] = scale
        public.bases[indicator] = base
    for indicator, item, period, population, is_derived in connection.sql(
        "select indicator, item, time_period, population_asked, is_derived from indicator_wordings"
    ).fetchall():
        public.questions[TableKey(ANSWERS, indicator, item, period)] = Question(population or "all", bool(is_derived))
    for name, code in connection.sql("select codelist, code from codelists").fetchall():
        public.codes[name] = public.codes.get(name, frozenset()) | {code}


def _read_frames(connection: duckdb.DuckDBPyConnection, public: Public) -> None:
    """Read which units lie in which areas, for every year that has figures of answers."""
    periods = sorted(row[0] for row in connection.sql(f"select distinct time_period from {ANSWERS}").fetchall())
    silent: dict[int, set[str]] = {}
    # A unit whose FTE are all carried forward, or missing because it did not answer, answered nothing in the year.
    for period, code in connection.sql(
        """
        select distinct time_period, unit_code from fte_by_service
        where area_basis = 'reported' and unit_level in ('municipality', 'city_district', 'agency')
            and target_group = 'total' and service_type = 'total'
            and (absence_reason = 'not_answered' or imputed_share = 1)
        """
    ).fetchall():
        silent.setdefault(period, set()).add(code)
    public.silent = {period: frozenset(codes) for period, codes in silent.items()}
    public.half_missing = connection.sql(
        """
        select distinct time_period, target_group, unit_code from fte_by_service
        where area_basis = 'reported' and unit_level in ('municipality', 'city_district', 'agency')
            and contains(obs_note, 'half_missing') and coalesce(imputed_share, 0) < 1
        order by all
        """
    ).fetchall()
    changes: dict[int, dict[str, set[str]]] = {}
    for year, old, new in connection.sql(
        f"select change_year, old_code, new_code from area_changes where change_type != '{_SAME_GROUND}' order by all"
    ).fetchall():
        changes.setdefault(year, {}).setdefault(old, set()).add(new)
    newest = connection.sql("select max(time_period) from areas where area_basis = 'current'").fetchall()[0][0]
    # The size group of districts has no area of its own: it occurs only in the tables of answers.
    beside = [
        row[0]
        for row in connection.sql(
            f"""
            select distinct unit_code from {ANSWERS} where unit_level = 'size_group'
                and unit_code not in (select size_group from areas where size_group is not null)
            """
        ).fetchall()
    ]
    district_size = beside[0] if len(beside) == 1 else None
    columns = ", ".join(_LEVELS.values())
    for period in periods:
        rows = connection.execute(
            f"""
            select area_basis, unit_level, unit_code, municipality_code, {columns} from areas
            where time_period = ? and unit_level in ('municipality', 'city_district', 'agency')
            """,
            [period],
        ).fetchall()
        places = {(row[0], row[2]): dict(zip(_LEVELS, row[4:], strict=True)) for row in rows}
        reported = [row for row in rows if row[0] == "reported"]
        divided = {row[3] for row in reported if row[1] != "municipality" and row[3] is not None}
        for unit_set in (MUNICIPALITIES, WITH_DISTRICTS, WITH_AGENCIES, BY_LEVEL):
            units = sorted(
                (row[2], row[1])
                for row in reported
                if unit_set in _SETS_OF_LEVEL[row[1]] and (unit_set in (MUNICIPALITIES, BY_LEVEL) or row[2] not in divided)
            )
            if units:
                public.frames[period, unit_set] = _frame(
                    units,
                    places,
                    changes,
                    period,
                    newest,
                    district_size,
                    divided,
                    public.silent.get(period, frozenset()),
                    is_by_level=unit_set == BY_LEVEL,
                )


def _frame(
    units: list[tuple[str, str]],
    places: Mapping[tuple[str, str], Mapping[str, str | None]],
    changes: Mapping[int, Mapping[str, set[str]]],
    period: int,
    newest: int,
    district_size: str | None,
    divided: Collection[str],
    silent: Collection[str],
    *,
    is_by_level: bool,
) -> Frame:
    groups: dict[Group, set[int]] = {}
    # The counties of municipalities that are one unit: one that is alone in its county is public as the county.
    alone: dict[Group, set[int]] = {}
    for i, (code, level) in enumerate(units):
        for basis in ("reported", "current"):
            pieces = [code] if basis == "reported" else sorted(_successors(code, changes, period, newest))
            where = [places.get((basis, piece)) for piece in pieces]
            is_part = level != "municipality"
            if not (is_by_level and is_part):
                groups.setdefault(Group("country", COUNTRY, basis), set()).add(i)
            for area_level in _LEVELS:
                # A unit lies in an area if all its successors do.
                codes = {None if place is None else place[area_level] for place in where}
                area = codes.pop() if len(codes) == 1 else None
                if area_level == "size_group" and is_part:
                    area = district_size
                if area is None:
                    continue
                if area_level == "county" and not is_part:
                    alone.setdefault(Group(area_level, area, basis), set()).add(i)
                # Areas count the districts, and size groups the municipality that they divide.
                is_other = is_part if area_level == "size_group" else code in divided
                if not (is_by_level and is_other):
                    groups.setdefault(Group(area_level, area, basis), set()).add(i)
    names = tuple(sorted(groups))
    members = np.zeros((len(names), len(units)), dtype=np.bool_)
    for row, name in enumerate(names):
        members[row, list(groups[name])] = True
    own = {next(iter(units)) for units in alone.values() if len(units) == 1}
    return Frame(
        units=tuple(code for code, _ in units),
        groups=names,
        members=members,
        silent=np.array([code in silent for code, _ in units], dtype=np.bool_),
        own=np.array([i in own and code in divided for i, (code, _) in enumerate(units)], dtype=np.bool_),
        divided=np.array([code in divided for code, _ in units], dtype=np.bool_),
    )


def _successors(code: str, changes: Mapping[int, Mapping[str, set[str]]], period: int, newest: int) -> set[str]:
    """Return the codes that the area of a unit has in the newest year."""
    codes = {code}
    for year in sorted(changes):
        if period < year <= newest:
            codes = {new for old in codes for new in changes[year].get(old, {old})}
    return codes


def _read_answers(connection: duckdb.DuckDBPyConnection, public: Public, only: Collection[TableKey] | None) -> None:
    columns = connection.execute("select column_name from duckdb_columns() where table_name = ?", [ANSWERS]).fetchall()
    has_limits = {("n_answer_lower",), ("n_answer_upper",)} <= set(columns)
    lower, upper = ("n_answer_lower", "n_answer_upper") if has_limits else ("cast(null as int)", "cast(null as int)")
    if ("obs_note",) in columns:
        waiting = connection.sql(
            f"select distinct indicator, item, time_period from {ANSWERS} where obs_note like '%{WAITS}%'"
        ).fetchall()
        public.waiting = {TableKey(ANSWERS, *row) for row in waiting}
    wanted = ""
    if only is not None:
        indicators = ", ".join("'" + name.replace("'", "''") + "'" for name in sorted({key.indicator for key in only}))
        wanted = f"and indicator in ({indicators})" if indicators else "and false"
    # One row a group: its answers and figures as lists.
    rows = connection.sql(
        f"""
        select
            indicator, item, time_period, unit_level, unit_code, area_basis, bool_or(obs_status = 'Q'),
            list(answer order by answer), list(coalesce(n_answer, round(share_of_answered * n_answered)) order by answer),
            coalesce(list(distinct n_answered) filter (where n_answered is not null), []),
            coalesce(list(distinct n_units) filter (where n_units is not null), []),
            list({lower} order by answer), list({upper} order by answer)
        from {ANSWERS}
        where coalesce(n_answer, n_answered, n_units, share_of_answered, share_of_all, {lower}, {upper}) is not null {wanted}
        group by indicator, item, time_period, unit_level, unit_code, area_basis
        order by indicator, item, time_period, unit_level, unit_code, area_basis
        """
    ).fetchall()
    # Of all rows, including those that show nothing.
    sets = {
        TableKey(ANSWERS, *row[:3]): row[3][0] if len(row[3]) == 1 else BY_LEVEL
        for row in connection.sql(
            f"select indicator, item, time_period, list(distinct unit_set) from {ANSWERS} group by all"
        ).fetchall()
    }
    by_table: dict[TableKey, list[tuple[Any, ...]]] = {}
    for row in rows:
        by_table.setdefault(TableKey(ANSWERS, row[0], row[1], row[2]), []).append(row)
    for key, found in by_table.items():
        if only is not None and key not in only:
            continue
        opened_rows = [
            row for row in found if row[6] and (any(figure is not None for figure in row[8]) or row[9] or row[10])
        ]
        public.open_rows += [(key, answer, Group(*row[3:6])) for row in opened_rows for answer in row[7]]
        # A figure that should be hidden need not be true.
        found = [row for row in found if row not in opened_rows]
        if not found:
            continue
        frame = public.frames.get((key.time_period, sets[key]))
        if frame is None:
            public.without_units.append(key)
        else:
            if key in public.waiting and _counts_silent_units(found, frame):
                # From an earlier snapshot, in which a unit had answered that now has no answers.
                frame = frame.as_if_all_responded
            public.tables[key] = _shown(key, sets[key], found, frame, public.database)


def _counts_silent_units(rows: list[tuple[Any, ...]], frame: Frame) -> bool:
    """Whether more units of a group answered than have answered anything by now."""
    places = [(row, frame.place.get(Group(*row[3:6]))) for row in rows]
    return any(row[9] and row[9][0] > frame.sizes[place] for row, place in places if place is not None)


def _shown(key: TableKey, unit_set: str, rows: list[tuple[Any, ...]], frame: Frame, database: Path) -> Shown:
    answers = tuple(sorted({answer for row in rows for answer in row[7]}))
    column = {answer: i for i, answer in enumerate(answers)}
    groups: list[Group] = []
    places: dict[bytes, int] = {}
    members: list[NDArray[np.bool_]] = []
    counts: list[list[int]] = []
    answered: list[int] = []
    unknown = 0
    hidden: list[tuple[Any, ...]] = []
    for row in rows:
        group = Group(*row[3:6])
        if len(row[9]) > 1 or len(row[10]) > 1:
            raise _contradiction(key, group, "the rows of one group tell different numbers of units", database)
        place = frame.place.get(group)
        # Nothing is guessed: a group of other units than expected counts as unknown.
        if place is None or (row[10] and frame.whole_sizes[place] != row[10][0]):
            unknown += 1
            continue
        figures = [HIDDEN] * len(answers)
        for answer, count in zip(row[7], row[8], strict=True):
            if count is not None:
                figures[column[answer]] = int(count)
        figure = int(row[9][0]) if row[9] else HIDDEN
        if figure == HIDDEN and max([HIDDEN, *figures]) == HIDDEN and not row[10]:
            hidden.append(row)
            continue
        asked = int(frame.sizes[place])
        limit = asked if figure == HIDDEN else figure
        if max([0, *figures]) > limit or limit > asked or min([figure, *figures]) < HIDDEN:
            raise _contradiction(key, group, "more units answered than there are", database)
        at = places.setdefault(frame.names[place], len(groups))
        if at == len(groups):
            groups.append(group)
            members.append(frame.responding[place])
            counts.append(figures)
            answered.append(figure)
            continue
        # The same units under another name: one may show what the other hides.
        pairs = [(answered[at], figure), *zip(counts[at], figures, strict=True)]
        if any(HIDDEN not in pair and pair[0] != pair[1] for pair in pairs):
            raise _contradiction(key, group, f"the same units have other figures in {groups[at].unit_level}", database)
        answered[at] = max(answered[at], figure)
        counts[at] = [max(pair) for pair in pairs[1:]]
    limits: list[tuple[int, int, int, int]] = []
    for row in hidden:
        group = Group(*row[3:6])
        for bounds in _limits(row, frame, frame.place[group], column, groups, counts):
            at = places.setdefault(frame.names[frame.place[group]], len(groups))
            if at == len(groups):
                groups.append(group)
                members.append(frame.responding[frame.place[group]])
                counts.append([HIDDEN] * len(answers))
                answered.append(HIDDEN)
            limits.append((at, *bounds))
    return Shown(
        key=key,
        unit_set=unit_set,
        answers=answers,
        groups=tuple(groups),
        members=np.array(members, dtype=np.bool_).reshape(len(groups), len(frame.units)),
        n_answer=np.array(counts, dtype=np.int64).reshape(len(groups), len(answers)),
        n_answered=np.array(answered, dtype=np.int64),
        limits=tuple(limits),
        unknown_groups=unknown,
    )


def _limits(
    row: tuple[Any, ...],
    frame: Frame,
    place: int,
    column: Mapping[str, int],
    groups: Sequence[Group],
    counts: Sequence[Sequence[int]],
) -> Iterator[tuple[int, int, int]]:
    """Return the limits of a hidden group that are closer than the country's figure alone makes them."""
    country = next((i for i, group in enumerate(groups) if group.unit_level == "country"), None)
    size, whole_country = frame.sizes[place], frame.responding[frame.place[Group("country", COUNTRY, row[5])]]
    inside = int((frame.responding[place] & whole_country).sum())
    for answer, lower, upper in zip(row[7], row[11], row[12], strict=True):
        whole = HIDDEN if country is None else counts[country][column[answer]]
        outside, beside = int(whole_country.sum()) - inside, size - inside
        least, most = (0, size) if whole == HIDDEN else (max(0, whole - outside), min(size, whole + beside))
        bounds = (least if lower is None else int(lower), most if upper is None else int(upper))
        if bounds[0] > least or bounds[1] < most:
            yield (column[answer], max(bounds[0], least), min(bounds[1], most))


def _contradiction(key: TableKey, group: Group, what: str, database: Path) -> UserError:
    return contradiction(key, f"{what} in {group.unit_level} {group.unit_code} ({group.area_basis})", database)


def contradiction(key: TableKey, what: str, database: Path) -> UserError:
    """Return the error that public figures of a table cannot all be true."""
    return UserError(
        f"the public figures of {key.indicator}, {key.item}, {key.time_period} contradict one another: {what}",
        place=str(database),
        remedy="find the figure that is wrong; nothing can be said of what follows from them",
    )
