"""Which groups must be hidden beside the small ones, so that no hidden figure can be worked out (secondary suppression).

A *table* is what one question shows of every group of units: how many answered, and how many gave each answer. A group is
hidden in a table as a whole. Groups overlap (counties, trust areas, size groups, on two bases), so a hidden group follows
from sums and differences of published ones unless more is hidden.

The rule: **of every hidden figure there are two units, one inside the group and one outside, that answered differently and
lie on the same side of every published group.** If those two had exchanged their answers everything published would be the
same, and the hidden figure another: no sum, difference or bound can tell the two cases apart. The search hides, for each
figure without such a pair, the groups that keep the cheapest pair apart, and shows again what turns out not to be needed.

Units that answered nothing at all are public by the tables of FTE, so they are no units here: nobody would believe them an
answer. Of a question that only some are asked another table may say who was asked, so there must be a pair among those,
too.

What was published in an earlier snapshot and still is true is known, so it keeps units apart for good; where that leaves no
protection (a unit withdrew its answer), the new figures are protected by themselves. A table whose
answers and groups are those of the last publication keeps its pattern, as long as that still protects. The country is never
hidden: what its figure alone says of every unit (nobody gave an answer, everybody answered) stays said.

No kept library does this in Python: sdcMicro, tau-Argus and GaussSuppression are not ported, and acro needs an older pandas
and protects one crosstabulation at a time.

Belongs here: the search. Does not belong here: which groups are small, which is the policy's (``int_disclosure_groups``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from orchestration.disclosure.members import Members

# What hiding a group costs: tables by size group and region are printed and read most.
LEVEL_COSTS = {"size_group": 3.0, "health_region": 2.0, "county": 1.5, "hf_area": 1.0}

# Published figures that differ by less are the same.
TOLERANCE = 1e-6

FAMILY = ["subject", "family", "time_period", "unit_set"]
TABLE = ["subject", "indicator", "item", "time_period"]
FIGURE = ["indicator", "item", "measure"]
GROUP = ["area_basis", "unit_level", "unit_code"]

HIDDEN_SCHEMA = pa.schema(
    {
        "subject": pa.string(),
        "family": pa.string(),
        "indicator": pa.string(),
        "item": pa.string(),
        "time_period": pa.int32(),
        "unit_set": pa.string(),
        "area_basis": pa.string(),
        "unit_level": pa.string(),
        "unit_code": pa.string(),
        "reason": pa.string(),
        "is_protected": pa.bool_(),
        "members_sha256": pa.string(),
        "fingerprint": pa.string(),
    }
)


@dataclass
class Problem:
    """One family of tables over the same units.

    ``members`` is units by groups, ``values`` units by measures (of all tables of the family), ``small`` and ``fixed`` say
    of each group that it must be hidden, and that it is known anyhow; ``cost`` what is lost by hiding it. ``former`` is
    units by groups that were published before. ``asked`` is units by measures: among which units there must be a pair; all,
    where nothing is said.
    """

    members: NDArray[np.bool_]
    values: NDArray[np.float64]
    small: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    cost: NDArray[np.float64]
    former: NDArray[np.bool_]
    asked: NDArray[np.bool_] | None = None
    scopes: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = field(init=False)
    apart: NDArray[np.bool_] = field(init=False)
    atoms: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        """Put the measures together that have the same units: ``scopes`` are units and measures, by their numbers."""
        asked = np.ones(self.values.shape, dtype=bool) if self.asked is None else self.asked
        sets, numbers = np.unique(asked, axis=1, return_inverse=True)
        numbers = numbers.ravel()
        self.scopes = [(np.flatnonzero(sets[:, each]), np.flatnonzero(numbers == each)) for each in range(sets.shape[1])]
        # Two units that exchange their answers to one question exchange them all, so the same questions were put to both.
        self.apart = np.hstack([self.former, sets])
        self.atoms = _cells(self.members)

    def scope_of(self, measure: int) -> NDArray[np.int64]:
        """Return the units of a measure."""
        return next(units for units, measures in self.scopes if measure in measures)

    def known(self, units: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return the groups that keep some units apart whatever is hidden."""
        return (self.former if len(units) == len(self.values) else self.apart)[units]


def _cells(members: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Number the units by the groups that they lie in: equal numbers, same groups."""
    if members.shape[1] == 0:
        return np.zeros(len(members), dtype=np.int64)
    packed = np.packbits(members, axis=1)
    rows = np.ascontiguousarray(packed).view(np.dtype((np.void, packed.shape[1])))
    return np.unique(rows.ravel(), return_inverse=True)[1].ravel()


def told(problem: Problem, hidden: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say for each group and measure whether its figure is hidden and yet has no pair of units that could be exchanged.

    Args:
        problem: the family.
        hidden: which groups are hidden.

    Returns:
        Groups by measures. A measure that is the same for all units is told by the country and never counts.
    """
    result = np.zeros((len(hidden), problem.values.shape[1]), dtype=bool)
    for units, measures in problem.scopes:
        if len(units) == 0 or len(measures) == 0:
            continue
        members, values = problem.members[units], problem.values[np.ix_(units, measures)]
        cells = _cells(np.hstack([members[:, ~hidden], problem.known(units)]))
        order = np.argsort(cells, kind="stable")
        starts = np.searchsorted(cells[order], np.arange(int(cells.max()) + 1))
        sorted_values = values[order]
        varies = np.maximum.reduceat(sorted_values, starts) != np.minimum.reduceat(sorted_values, starts)
        inside = np.add.reduceat(members[order], starts, dtype=np.int64)
        straddles = (inside > 0) & (inside < np.bincount(cells)[:, None])
        has_pair = (straddles.T.astype(np.int64) @ varies.astype(np.int64)) > 0
        is_constant = values.max(axis=0) == values.min(axis=0)
        # Nothing tells of a group without these units, and the country of one with all of them; a hidden country leaves
        # nothing that could tell it: all groups in it are at least as small.
        is_part = members.any(axis=0) & ~members.all(axis=0)
        result[:, measures] = (hidden & is_part)[:, None] & ~has_pair & ~is_constant[None, :]
    return result


def _first_of_each(
    atoms: NDArray[np.int64], places: NDArray[np.int64], values: NDArray[np.float64], units: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the first of the units that lie in the same groups and answered the same: the others make no other pair.

    A country has far fewer of these than units, and pairs are their square.
    """
    kinds = np.stack([atoms, places, np.unique(values, return_inverse=True)[1].ravel()])
    result: NDArray[np.int64] = units[np.sort(np.unique(kinds, axis=1, return_index=True)[1])]
    return result


def _cheapest_pair(problem: Problem, hidden: NDArray[np.bool_], group: int, measure: int) -> NDArray[np.bool_] | None:
    """Return the groups that keep apart the two units that are cheapest to bring together, or None when none can be."""
    units = problem.scope_of(measure)
    weights = np.where(hidden, 0.0, problem.cost)
    place = np.zeros(len(problem.values), dtype=np.int64)
    place[units] = _cells(np.hstack([problem.members[np.ix_(units, problem.fixed & ~hidden)], problem.known(units)]))
    units = _first_of_each(problem.atoms[units], place[units], problem.values[units, measure], units)
    is_inside = problem.members[units, group]
    inside, outside = units[is_inside], units[~is_inside]
    if len(inside) == 0 or len(outside) == 0:
        return None
    left, right = problem.members[inside].astype(float), problem.members[outside].astype(float)
    # The weight of the groups that hold exactly one of two units.
    apart = (left @ weights)[:, None] + (right @ weights)[None, :] - 2 * (left * weights) @ right.T
    apart[place[inside][:, None] != place[outside][None, :]] = np.inf
    apart[problem.values[inside, measure][:, None] == problem.values[outside, measure][None, :]] = np.inf
    # Rounded, so that the choice between equally cheap pairs does not hang on the last bit.
    best = int(np.argmin(np.round(apart, 6)))
    if not np.isfinite(apart.ravel()[best]):
        return None
    one, other = inside[best // len(outside)], outside[best % len(outside)]
    result: NDArray[np.bool_] = problem.members[one] != problem.members[other]
    return result


def protect(problem: Problem) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the groups to hide.

    Returns:
        Which groups are hidden; and of which of them some figure can be told for all that, since what tells it is known
        anyhow.
    """
    hidden = problem.small.copy()
    rarity = np.minimum((problem.values > 0).sum(axis=0), (problem.values == 0).sum(axis=0))
    sizes = problem.members.sum(axis=0)
    hopeless = np.zeros((len(hidden), problem.values.shape[1]), dtype=bool)
    while True:
        left = np.argwhere(told(problem, hidden) & ~hopeless)
        if len(left) == 0:
            break
        # The rarest answer of the smallest group leaves the least choice.
        group, measure = min(left.tolist(), key=lambda each: (rarity[each[1]], sizes[each[0]], each))
        between = _cheapest_pair(problem, hidden, group, measure)
        if between is None:
            hopeless[group, measure] = True
        else:
            hidden |= between
    protecting = np.flatnonzero(hidden & ~problem.small).tolist()
    for group in sorted(protecting, key=lambda each: (-round(float(problem.cost[each]), 6), each)):
        hidden[group] = False
        if (told(problem, hidden) & ~hopeless).any():
            hidden[group] = True
    unsafe: NDArray[np.bool_] = np.any(hopeless & hidden[:, None], axis=1)
    return hidden, unsafe


class _Answers:
    """What units answered, family by family: texts are held as numbers, so that a large survey fits into memory."""

    def __init__(self, values: pa.Table) -> None:
        """Number the rows of ``int_disclosure_values`` by family, unit and figure."""
        frame = _numbered(values)
        self._units = frame["member_code"].cat.categories.to_numpy(dtype=object)
        families = frame.groupby(FAMILY, observed=True, sort=True).ngroup().to_numpy()
        figures = frame.groupby(FIGURE, observed=True, sort=True).ngroup().to_numpy()
        order = np.argsort(families, kind="stable")
        self._rows = frame["member_code"].cat.codes.to_numpy()[order]
        self._figures = figures[order]
        self._measured = frame["measured"].to_numpy(dtype=float)[order]
        self._names: list[tuple[str, str, str]] = list(
            frame[FIGURE].iloc[np.unique(figures, return_index=True)[1]].astype(object).itertuples(index=False, name=None)
        )
        firsts = np.unique(families[order], return_index=True)[1]
        keys = frame[FAMILY].iloc[order[firsts]].astype(object).itertuples(index=False, name=None)
        ends = [*firsts[1:], len(frame)][: len(firsts)]
        self._places = {key: slice(*each) for key, *each in zip(keys, firsts, ends, strict=True)}

    def __contains__(self, family: object) -> bool:
        """Return whether anybody answered a table of the family."""
        return family in self._places

    def units(self, family: tuple[object, ...]) -> set[str]:
        """Return the units that answered a table of the family."""
        return set(self._units[np.unique(self._rows[self._places[family]])])

    def wide(self, family: tuple[object, ...], units: list[str]) -> pd.DataFrame:
        """Return units by measures of all tables of a family, each table's answering units first."""
        place = self._places[family]
        rows = pd.Index(units, dtype=object).get_indexer(self._units)[self._rows[place]]
        numbers, figures = np.unique(self._figures[place], return_inverse=True)
        names = [self._names[number] for number in numbers]
        kinds = sorted({*names, *((*table, "") for *table, _ in names)})
        columns = {kind: column for column, kind in enumerate(kinds)}
        own = np.array([columns[name] for name in names], dtype=np.int64)[figures]
        answered = np.array([columns[(*table, "")] for *table, _ in names], dtype=np.int64)[figures]
        wide = np.zeros((len(units), len(kinds)))
        is_unit = rows >= 0
        np.add.at(wide, (rows[is_unit], own[is_unit]), self._measured[place][is_unit])
        wide[rows[is_unit], answered[is_unit]] = 1.0
        return pd.DataFrame(wide, index=units, columns=pd.MultiIndex.from_tuples(kinds, names=FIGURE))


def _numbered(table: pa.Table) -> pd.DataFrame:
    """Return a table whose texts are categories in their order, and whose decimals are floating-point numbers."""
    columns: dict[str, Any] = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            texts = column.combine_chunks().dictionary_encode().to_pandas()
            columns[name] = texts.cat.reorder_categories(sorted(texts.cat.categories))
        else:
            columns[name] = (column.cast(pa.float64()) if pa.types.is_decimal(column.type) else column).to_pandas()
    return pd.DataFrame(columns)


def _fingerprint(wide: pd.DataFrame, groups: pd.DataFrame, asked: NDArray[np.bool_] | None) -> str:
    """Hash what a pattern depends on, but for what was published before."""
    digest = hashlib.sha256()
    digest.update(repr(list(wide.columns)).encode())
    digest.update(repr(list(wide.index)).encode())
    digest.update(np.ascontiguousarray(wide.to_numpy()).tobytes())
    digest.update(b"" if asked is None else np.packbits(asked).tobytes())
    digest.update(groups[["members_sha256", "is_small", "is_fixed", "cost"]].to_csv(index=False).encode())
    return digest.hexdigest()


def _groups_of(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the groups of every family, those of the same units as one."""
    key = [*FAMILY, "members_sha256"]
    # A group has other numbers of answers in the tables of a family; the most counts, whatever the order of the rows.
    names = frame.groupby([*key, *GROUP], as_index=False)["n_answered"].max()
    weights = names["unit_level"].map(LEVEL_COSTS).fillna(0.0)
    costs = names.assign(cost=weights * np.sqrt(names["n_answered"].astype(float) + 3)).groupby(key)["cost"].sum().round(6)
    marks = frame.groupby(key).agg(is_small=("is_small", "any"), is_fixed=("is_fixed", "all"))
    return marks.join(costs).reset_index().sort_values("members_sha256")


def _silent(responses: pa.Table | None) -> dict[int, set[str]]:
    """Return the units of each period that answered nothing; a divided municipality is silent when all its parts are."""
    if responses is None:
        return {}
    frame = responses.to_pandas()[["time_period", "unit_code", "municipality_code", "has_answered"]]
    codes = pd.concat([frame.assign(code=frame["unit_code"]), frame.assign(code=frame["municipality_code"])])
    answered = codes.groupby(["time_period", "code"], as_index=False)["has_answered"].any()
    silent = answered.loc[~answered["has_answered"].astype(bool)]
    return {int(period): set(rows["code"]) for period, rows in silent.groupby("time_period")}


def _asked(wide: pd.DataFrame, routed: dict[tuple[str, str], set[str]]) -> NDArray[np.bool_] | None:
    """Return which units were asked, by measure; None when all were asked everything."""
    tables = [(indicator, item) for indicator, item, _ in wide.columns]
    if not any(table in routed for table in tables):
        return None
    everybody = set(wide.index)
    columns = [wide.index.isin(routed.get(table, everybody)) for table in tables]
    # Who answered was asked, whatever the form says.
    asked: NDArray[np.bool_] = np.array(columns, dtype=bool).T | (wide.to_numpy() != 0)
    return asked


def hidden_groups(
    *,
    groups: pa.Table,
    members: pa.Table,
    values: pa.Table,
    published_groups: pa.Table,
    published_members: pa.Table,
    patterns: pa.Table,
    responses: pa.Table | None = None,
    routing: pa.Table | None = None,
) -> pa.Table:
    """Return the groups to hide in every table.

    Args:
        groups: ``int_disclosure_groups``: the groups of each table with a small group.
        members: ``int_unit_set_groups``: the units of each group, and its name.
        values: ``int_disclosure_values``: what each unit adds to each figure.
        published_groups: figures that were published before, by the units of their group.
        published_members: the units of those groups.
        patterns: groups that the last publication hid, with the fingerprint of what they followed from.
        responses: ``int_unit_responses``: which units answered at all, as everybody can see; left out, all did.
        routing: ``int_indicator_routing``: who was asked a question that only some are asked.

    Returns:
        One row a table and hidden group (``HIDDEN_SCHEMA``), sorted.
    """
    frame = groups.to_pandas()
    if frame.empty:
        return HIDDEN_SCHEMA.empty_table()
    frame["is_small"], frame["is_fixed"] = frame["is_small"].astype(bool), frame["is_fixed"].astype(bool)
    frame = frame.merge(members.drop_columns(["members"]).to_pandas(), on=["time_period", "unit_set", *GROUP])
    lookup = _lookup(frame, members, published_members)
    silent = _silent(responses)
    routed: dict[int, dict[tuple[str, str], set[str]]] = {}
    if routing is not None:
        for (period, *table), rows in routing.to_pandas().groupby(["time_period", "indicator", "item"]):
            routed.setdefault(period, {})[(table[0], table[1])] = set(rows["unit_code"])
    answers = _Answers(values)
    known = dict(list(published_groups.to_pandas().groupby(TABLE)))
    last = dict(list(patterns.to_pandas().groupby(FAMILY)))
    tables = dict(list(frame[list(dict.fromkeys([*FAMILY, *TABLE]))].drop_duplicates().groupby(FAMILY)))
    countries = dict(list(frame[frame["unit_level"] == "country"].groupby(FAMILY)["members_sha256"]))
    decided = []
    for key, marks in _groups_of(frame).groupby(FAMILY):
        if key not in answers:
            # Nobody could say what would have to be hidden.
            raise ValueError(f"groups without the answers of their units: {key}")
        country = lookup.units(countries.get(key, []))
        wide = answers.wide(key, sorted(country - (silent.get(int(key[2]), set()) - answers.units(key))))
        asked = _asked(wide, routed.get(key[2], {}))
        fingerprint = _fingerprint(wide, marks, asked)
        problem = _problem(marks, wide, asked, lookup, [known.get(table) for table in _tables(tables[key])])
        pattern = _last_pattern(last.get(key), fingerprint, marks["members_sha256"].tolist())
        if pattern is not None and _protects(problem, *pattern):
            hidden, unsafe = pattern
        else:
            hidden, unsafe = _protect_with_the_past(problem, marks["is_fixed"].to_numpy(dtype=bool))
        chosen = marks.loc[hidden, [*FAMILY, "members_sha256"]]
        decided.append(chosen.assign(is_protected=~unsafe[hidden], fingerprint=fingerprint))
    found = frame.merge(pd.concat(decided), on=[*FAMILY, "members_sha256"])
    found["reason"] = np.where(found["is_small"], "small", "protecting")
    result = found[list(HIDDEN_SCHEMA.names)].sort_values([*FAMILY, "indicator", "item", *GROUP])
    return pa.Table.from_pandas(result, schema=HIDDEN_SCHEMA, preserve_index=False)


def _lookup(frame: pd.DataFrame, members: pa.Table, published_members: pa.Table) -> Members:
    """Return the units of the groups that are shown now, and of those that were published before."""
    names = pa.array(frame["members_sha256"].unique(), members.schema.field("members_sha256").type)
    shown = members.filter(pc.is_in(members["members_sha256"], names)).select(["members_sha256", "members"])
    shown = shown.group_by("members_sha256").aggregate([("members", "min")])
    before = published_members.to_pandas().groupby("members_sha256")["member_code"].agg(list)
    units = [pa.array(before.tolist(), pa.list_(pa.string())), *pc.split_pattern(shown["members_min"], "|").chunks]
    return Members([*before.index, *shown["members_sha256"].to_pylist()], pa.chunked_array(units))


def _protect_with_the_past(problem: Problem, is_fixed: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return what ``protect`` does; where the past leaves no protection, the new figures tell nothing at least alone."""
    hidden, unsafe = protect(problem)
    if unsafe.any():
        alone = replace(problem, small=hidden, fixed=is_fixed & ~hidden, former=problem.former[:, :0])
        hidden, _ = protect(alone)
    return hidden, unsafe


def _tables(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    return list(rows[TABLE].itertuples(index=False, name=None))


def _problem(
    marks: pd.DataFrame,
    wide: pd.DataFrame,
    asked: NDArray[np.bool_] | None,
    lookup: Members,
    published: list[pd.DataFrame | None],
) -> Problem:
    """Return the problem of a family; where only some were asked, each measure counts for all units and for those."""
    former_true: set[str] = set()
    for rows in published:
        if rows is not None:
            former_true |= _still_true(rows, wide, lookup)
    names = marks["members_sha256"].tolist()
    units = list(wide.index)
    small = marks["is_small"].to_numpy(dtype=bool)
    values = wide.to_numpy(dtype=float)
    return Problem(
        members=lookup.incidence(units, names),
        values=values if asked is None else np.hstack([values, values]),
        small=small,
        fixed=(marks["is_fixed"].to_numpy(dtype=bool) | np.array([name in former_true for name in names])) & ~small,
        cost=marks["cost"].to_numpy(dtype=float),
        former=lookup.incidence(units, sorted(former_true)),
        asked=None if asked is None else np.hstack([np.ones(asked.shape, dtype=bool), asked]),
    )


def _last_pattern(
    before: pd.DataFrame | None, fingerprint: str, names: list[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Return what the last publication hid, and what of it was not protected; None where it followed from other answers."""
    if before is None or (before["fingerprint"] != fingerprint).any():
        return None
    unsafe = before.loc[~before["is_protected"].astype(bool), "members_sha256"]
    return np.isin(names, before["members_sha256"].tolist()), np.isin(names, unsafe.tolist())


def _protects(problem: Problem, hidden: NDArray[np.bool_], unsafe: NDArray[np.bool_]) -> bool:
    """Whether a pattern still does what it did: what was published since may tell more, and the rule may be another."""
    left = told(problem, hidden).any(axis=1)
    return bool((hidden >= problem.small).all() and not (left & ~unsafe).any())


def _still_true(rows: pd.DataFrame, wide: pd.DataFrame, lookup: Members) -> set[str]:
    """Return the groups whose published figures are what they would be now, but for answers that are no more."""
    # Nobody can place units in a group that nobody knows the units of.
    rows = rows[[name in lookup for name in rows["members_sha256"]]]
    measures = wide.columns.get_indexer(pd.MultiIndex.from_frame(rows[["indicator", "item", "measure"]]))
    names = rows["members_sha256"].astype(object)
    groups = pd.unique(names)
    inside = lookup.incidence(list(wide.index), list(groups)).T
    now = (inside @ wide.to_numpy())[pd.Index(groups).get_indexer(names), measures]
    is_other = (np.abs(now - rows["measured"].to_numpy(dtype=float)) > TOLERANCE) & (measures >= 0)
    return set(names[measures >= 0]) - set(names[is_other])
