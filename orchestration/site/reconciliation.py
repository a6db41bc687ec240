"""The page of the reconciliation: printed figures against computed ones.

Belongs here: counting verdicts and listing what is explained. Does not belong here: how a figure is compared (dbt).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import duckdb

from orchestration.core.tables import Label
from orchestration.publish.release import Release
from orchestration.site.formats import number

EQUAL = ("equal", "equal_at_rounding")
NOT_COMPUTABLE = "not_computable"


@dataclass(frozen=True)
class Source:
    """The verdicts of one source."""

    source_id: str
    report_year: int | None
    counts: dict[str, int]

    @property
    def total(self) -> int:
        """All its figures."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class Explained:
    """One difference with its reason."""

    source_id: str
    table_id: str
    cell_key: str
    published: Label
    computed: Label
    reason: Label


@dataclass(frozen=True)
class Reconciliation:
    """What the page shows."""

    sources: list[Source]
    verdicts: dict[str, int]
    explained: list[Explained]
    reasons: list[tuple[Label, int]]

    @property
    def computable(self) -> int:
        """Figures that anything could be computed of."""
        return sum(count for verdict, count in self.verdicts.items() if verdict != NOT_COMPUTABLE)

    @property
    def rebuilt(self) -> int:
        """Figures that agree with print, rounding allowed for."""
        return sum(self.verdicts.get(verdict, 0) for verdict in EQUAL)


def _in_print(value: float | None, decimals: int | None, extra: int = 0) -> Label:
    """Return a figure with the decimals of print; more of them for a computed one, so that the difference shows."""
    if value is None:
        return Label(nb="\u2013", en="\u2013")
    shown = max(decimals or 0, 0) + extra
    exact = Decimal(str(value)).normalize().as_tuple().exponent
    if extra and isinstance(exact, int):
        shown = max(min(shown, -exact), max(decimals or 0, 0))
    return Label(nb=number(value, shown, "nb"), en=number(value, shown, "en"))


def read_reconciliation(connection: duckdb.DuckDBPyConnection, release: Release) -> Reconciliation:
    """Return the verdicts by source, every explained difference, and why figures cannot be computed."""
    years = dict(
        connection.execute(
            "select source_id, max(report_year) from published_figures group by source_id order by source_id"
        ).fetchall()
    )
    sources: dict[str, dict[str, int]] = {}
    verdicts = dict.fromkeys(release.codes.get("verdict", {}), 0)
    for source, verdict, count in connection.execute(
        "select source_id, verdict, count(*) from reconciliation group by all order by source_id, verdict"
    ).fetchall():
        sources.setdefault(source, {})[verdict] = count
        verdicts[verdict] = verdicts.get(verdict, 0) + count
    explained = [
        Explained(
            source,
            table,
            key,
            _in_print(published, decimals),
            _in_print(computed, decimals, 2),
            Label(nb=nb or "\u2013", en=en or "\u2013"),
        )
        for source, table, key, published, decimals, computed, nb, en in connection.execute(
            "select source_id, table_id, cell_key, published, decimals, computed, reason_nb, reason_en from reconciliation"
            " where verdict = 'explained' order by source_id, table_id, cell_key"
        ).fetchall()
    ]
    reasons = [
        (release.label("not_computable", code), count)
        for code, count in connection.execute(
            "select coalesce(explanation, ''), count(*) as n from reconciliation where verdict = ?"
            " group by all order by n desc, 1",
            [NOT_COMPUTABLE],
        ).fetchall()
        if code
    ]
    listed = [Source(each, years.get(each), counts) for each, counts in sources.items()]
    return Reconciliation(listed, verdicts, explained, reasons)
