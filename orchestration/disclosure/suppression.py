"""Which groups must be hidden beside the small ones, so that no hidden figure can be worked out (secondary suppression).

A *table* is what one question shows of every group of units: how many answered, and how many gave each answer. A group is
hidden in a table as a whole. Groups overlap (counties, trust areas, size groups, on two bases), so a hidden group follows
from sums and differences of published ones unless more is hidden.

The rule: **of every hidden figure there are two units, one inside the group and one outside, that answered differently and
lie on the same side of every published group.** If those two had exchanged their answers everything published would be the
same, and the hidden figure another: no sum, difference or bound can tell the two cases apart. The search hides, for each
figure without such a pair, the groups that keep the cheapest pair apart, and shows again what turns out not to be needed.

What was published in an earlier snapshot and still is true is known, so it keeps units apart for good. A table whose
answers and groups are those of the last publication keeps its pattern. The country is never hidden: what its figure alone
says of every unit (nobody gave an answer, everybody answered) stays said.

No kept library does this in Python: sdcMicro, tau-Argus and GaussSuppression are not ported, and acro needs an older pandas
and protects one crosstabulation at a time.

Belongs here: the search. Does not belong here: which groups are small, which is the policy's (``int_disclosure_groups``).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

# What hiding a group costs: tables by size group and region are printed and read most.
LEVEL_COSTS = {"size_group": 3.0, "health_region": 2.0, "county": 1.5, "hf_area": 1.0}

FAMILY = ["subject", "family", "time_period", "unit_set"]
TABLE = ["subject", "indicator", "item", "time_period"]
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
    units by groups that exist no more but were published.
    """

    members: NDArray[np.bool_]
    values: NDArray[np.float64]
    small: NDArray[np.bool_]
    fixed: NDArray[np.bool_]
    cost: NDArray[np.float64]
    former: NDArray[np.bool_]


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
    cells = _cells(np.hstack([problem.members[:, ~hidden], problem.former]))
    count = int(cells.max()) + 1
    order = np.argsort(cells, kind="stable")
    starts = np.searchsorted(cells[order], np.arange(count))
    sorted_values = problem.values[order]
    varies = np.maximum.reduceat(sorted_values, starts) != np.minimum.reduceat(sorted_values, starts)
    inside = np.add.reduceat(problem.members[order], starts, dtype=np.int64)
    straddles = (inside > 0) & (inside < np.bincount(cells)[:, None])
    has_pair = (straddles.T.astype(np.int64) @ varies.astype(np.int64)) > 0
    is_constant = problem.values.max(axis=0) == problem.values.min(axis=0)
    # A hidden country leaves nothing that could tell it: all groups in it are at least as small.
    is_part = ~problem.members.all(axis=0)
    result: NDArray[np.bool_] = (hidden & is_part)[:, None] & ~has_pair & ~is_constant[None, :]
    return result


def _cheapest_pair(problem: Problem, hidden: NDArray[np.bool_], group: int, measure: int) -> NDArray[np.bool_] | None:
    """Return the groups that keep apart the two units that are cheapest to bring together, or None when none can be."""
    is_inside = problem.members[:, group]
    inside, outside = np.flatnonzero(is_inside), np.flatnonzero(~is_inside)
    if len(inside) == 0 or len(outside) == 0:
        return None
    weights = np.where(hidden, 0.0, problem.cost)
    allowed = np.hstack([problem.members[:, problem.fixed & ~hidden], problem.former])
    place = _cells(allowed)
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
    for group in sorted(protecting, key=lambda each: (-problem.cost[each], each)):
        hidden[group] = False
        if (told(problem, hidden) & ~hopeless).any():
            hidden[group] = True
    unsafe: NDArray[np.bool_] = np.any(hopeless & hidden[:, None], axis=1)
    return hidden, unsafe


def members_hash(members: pd.Series[str]) -> str:
    """Name a group by its units, whatever area or basis it is called by."""
    return hashlib.sha256("|".join(sorted(members)).encode()).hexdigest()


def _wide(values: pd.DataFrame, units: list[str]) -> pd.DataFrame:
    """Return units by measures of all tables of a family, each table's answering units first."""
    marked = values.assign(measured=values["measured"].astype(float))
    answered = marked.drop_duplicates([*TABLE, "member_code"]).assign(measure="", measured=1.0)
    wide = pd.concat([answered, marked]).pivot_table(
        index="member_code", columns=["indicator", "item", "measure"], values="measured", aggfunc="sum", fill_value=0.0
    )
    return wide.reindex(units, fill_value=0.0).sort_index(axis=1)


def _fingerprint(wide: pd.DataFrame, groups: pd.DataFrame) -> str:
    """Hash what a pattern depends on, but for what was published before."""
    digest = hashlib.sha256()
    digest.update(repr(list(wide.columns)).encode())
    digest.update(repr(list(wide.index)).encode())
    digest.update(np.ascontiguousarray(wide.to_numpy()).tobytes())
    marks = groups[["members_sha256", "is_small", "is_fixed", "cost"]].sort_values("members_sha256")
    digest.update(marks.to_csv(index=False).encode())
    return digest.hexdigest()


def _groups_of(rows: pd.DataFrame, hashes: pd.Series[str]) -> pd.DataFrame:
    """Return the groups of a family, those of the same units as one."""
    groups = rows.merge(hashes.rename("members_sha256"), left_on=["time_period", "unit_set", *GROUP], right_index=True)
    weights = groups["unit_level"].map(LEVEL_COSTS).fillna(0.0)
    return (
        groups.assign(cost=weights * np.sqrt(groups["n_answered"].astype(float) + 3))
        .drop_duplicates(["members_sha256", *GROUP])
        .groupby("members_sha256", sort=True)
        .agg(cost=("cost", "sum"))
        .join(groups.groupby("members_sha256").agg(is_small=("is_small", "any"), is_fixed=("is_fixed", "all")))
        .reset_index()
    )


def hidden_groups(
    *,
    groups: pa.Table,
    members: pa.Table,
    values: pa.Table,
    published_groups: pa.Table,
    published_members: pa.Table,
    patterns: pa.Table,
) -> pa.Table:
    """Return the groups to hide in every table.

    Args:
        groups: ``int_disclosure_groups``: the groups of each table with a small group.
        members: ``int_unit_set_members``: the units of each group.
        values: ``int_disclosure_values``: what each unit adds to each figure.
        published_groups: figures that were published before, by the units of their group.
        published_members: the units of those groups.
        patterns: groups that the last publication hid, with the fingerprint of what they followed from.

    Returns:
        One row a table and hidden group (``HIDDEN_SCHEMA``), sorted.
    """
    frame = groups.to_pandas()
    frame["is_small"], frame["is_fixed"] = frame["is_small"].astype(bool), frame["is_fixed"].astype(bool)
    periods = members.to_pandas().merge(frame[["time_period", "unit_set"]].drop_duplicates())
    hashes = periods.groupby(["time_period", "unit_set", *GROUP])["member_code"].agg(members_hash)
    units = {name: set(rows) for name, rows in _sets(periods, hashes)}
    units |= {name: set(rows["member_code"]) for name, rows in published_members.to_pandas().groupby("members_sha256")}
    values_by_family = dict(list(values.to_pandas().groupby(FAMILY)))
    known = dict(list(published_groups.to_pandas().groupby(TABLE)))
    last = dict(list(patterns.to_pandas().groupby(FAMILY)))
    found = []
    for key, rows in frame.groupby(FAMILY, sort=True):
        listed = _groups_of(rows, hashes)
        country = (
            rows.loc[rows["unit_level"] == "country"]
            .merge(hashes.rename("members_sha256"), left_on=["time_period", "unit_set", *GROUP], right_index=True)[
                "members_sha256"
            ]
            .iloc[0]
        )
        order = sorted(units[country])
        family_values = values_by_family.get(key)
        if family_values is None:
            continue
        wide = _wide(family_values, order)
        fingerprint = _fingerprint(wide, listed)
        before = last.get(key)
        if before is not None and (before["fingerprint"] == fingerprint).all():
            hidden, unsafe = set(before["members_sha256"]), set(before.loc[~before["is_protected"], "members_sha256"])
        else:
            hidden, unsafe = _solve(listed, wide, order, units, [known.get(table) for table in _tables(rows)])
        marked = rows.merge(hashes.rename("members_sha256"), left_on=["time_period", "unit_set", *GROUP], right_index=True)
        marked = marked[marked["members_sha256"].isin(hidden)]
        found.append(
            marked.assign(
                reason=np.where(marked["is_small"], "small", "protecting"),
                is_protected=~marked["members_sha256"].isin(unsafe),
                fingerprint=fingerprint,
            )
        )
    columns = list(HIDDEN_SCHEMA.names)
    if not found:
        return HIDDEN_SCHEMA.empty_table()
    result = pd.concat(found)[columns].sort_values([*FAMILY, "indicator", "item", *GROUP])
    return pa.Table.from_pandas(result, schema=HIDDEN_SCHEMA, preserve_index=False)


def _sets(periods: pd.DataFrame, hashes: pd.Series[str]) -> list[tuple[str, list[str]]]:
    listed = periods.groupby(["time_period", "unit_set", *GROUP])["member_code"].agg(list)
    return list(zip(hashes, listed, strict=True))


def _tables(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    return [tuple(row) for row in rows[TABLE].drop_duplicates().itertuples(index=False)]


def _solve(
    listed: pd.DataFrame,
    wide: pd.DataFrame,
    order: list[str],
    units: dict[str, set[str]],
    published: list[pd.DataFrame | None],
) -> tuple[set[str], set[str]]:
    """Return the groups to hide, and those of them that cannot be protected, both by the hash of their units."""
    former_true: set[str] = set()
    for rows in published:
        if rows is not None:
            former_true |= _still_true(rows, wide, units)
    names = listed["members_sha256"].tolist()
    former = sorted(former_true - set(names))

    def incidence(groups: list[str]) -> NDArray[np.bool_]:
        columns = [[unit in units[name] for unit in order] for name in groups]
        return np.array(columns, dtype=bool).reshape(len(groups), len(order)).T

    small = listed["is_small"].to_numpy(dtype=bool)
    problem = Problem(
        members=incidence(names),
        values=wide.to_numpy(dtype=float),
        small=small,
        fixed=(listed["is_fixed"].to_numpy(dtype=bool) | np.array([name in former_true for name in names])) & ~small,
        cost=listed["cost"].to_numpy(dtype=float),
        former=incidence(former),
    )
    hidden, unsafe = protect(problem)
    return {names[place] for place in np.flatnonzero(hidden)}, {names[place] for place in np.flatnonzero(unsafe)}


def _still_true(rows: pd.DataFrame, wide: pd.DataFrame, units: dict[str, set[str]]) -> set[str]:
    """Return the groups whose published figures are what they would be now."""
    true = set()
    for name, figures in rows.groupby("members_sha256"):
        inside = wide.loc[wide.index.isin(units.get(str(name), set()))]
        figures = figures.assign(
            now=[
                inside[column].sum() if (column := (row.indicator, row.item, row.measure)) in wide.columns else np.nan
                for row in figures.itertuples()
            ]
        )
        if np.allclose(figures["now"].astype(float), figures["measured"].astype(float), rtol=0, atol=1e-6):
            true.add(str(name))
    return true
