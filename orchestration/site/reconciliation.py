"""The page of the reconciliation: printed figures compared with computed ones.

Belongs here: counting verdicts and listing explained differences. Does not belong here: comparing figures (dbt).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import duckdb

from orchestration.core.tables import Label
from orchestration.core.texts import filled, load_groups
from orchestration.publish.publication_metadata import Release
from orchestration.publish.remarks import joined
from orchestration.site.formats import number

EQUAL = ("equal", "equal_at_rounding")
NOT_COMPUTABLE = "not_computable"
# Verdicts on figures that are not computed: known to be impossible, or not worked out yet.
NOT_COMPUTED = (NOT_COMPUTABLE, "not_mapped")
# A list of all units at the end of a report: so many figures of one kind that they would hide the results for the others.
APPENDIX = "vedlegg"
# Figures in running text have this prefix and a section instead of a table.
IN_TEXT = "text:"

TEXTS = load_groups("site", "printed")


def _rebuilt(counts: dict[str, int]) -> int:
    return sum(counts.get(verdict, 0) for verdict in EQUAL)


@dataclass(frozen=True)
class Chapter:
    """The verdicts of one chapter of a source."""

    name: str
    counts: dict[str, int]

    @property
    def label(self) -> Label:
        """Its name or number; a dash if the report has no chapters."""
        return TEXTS["chapters"].get(self.name) or Label(nb=self.name or "\u2013", en=self.name or "\u2013")

    @property
    def is_appendix(self) -> bool:
        """Whether it is a list at the end of the report."""
        return self.name == APPENDIX

    @property
    def total(self) -> int:
        """All its figures."""
        return sum(self.counts.values())

    @property
    def rebuilt(self) -> int:
        """Figures that agree with print, rounding allowed for."""
        return _rebuilt(self.counts)


@dataclass(frozen=True)
class Source:
    """The verdicts of one source."""

    source_id: str
    report_year: int | None
    counts: dict[str, int]
    chapters: list[Chapter]

    @property
    def total(self) -> int:
        """All its figures."""
        return sum(self.counts.values())

    @property
    def rebuilt(self) -> int:
        """Figures that agree with print, rounding allowed for."""
        return _rebuilt(self.counts)

    @property
    def body(self) -> list[Chapter]:
        """Its chapters without an appendix."""
        return [chapter for chapter in self.chapters if not chapter.is_appendix]


@dataclass(frozen=True)
class Explained:
    """One difference with its reason."""

    source_id: str
    place: Label
    cell: Label
    cell_key: str
    published: Label
    computed: Label
    reason: Label


@dataclass(frozen=True)
class Reconciliation:
    """The content of the page."""

    sources: list[Source]
    verdicts: dict[str, int]
    explained: list[Explained]
    reasons: list[tuple[Label, int]]

    @property
    def computable(self) -> int:
        """The number of figures that could be computed."""
        return sum(count for verdict, count in self.verdicts.items() if verdict not in NOT_COMPUTED)

    @property
    def rebuilt(self) -> int:
        """Figures that agree with print, rounding allowed for."""
        return _rebuilt(self.verdicts)

    @property
    def total(self) -> int:
        """All figures."""
        return sum(self.verdicts.values())

    @property
    def outside_appendix(self) -> tuple[int, int]:
        """The number of figures outside appendices that agree with print, and of all figures there."""
        chapters = [chapter for source in self.sources for chapter in source.body]
        return sum(chapter.rebuilt for chapter in chapters), sum(chapter.total for chapter in chapters)


def _in_print(value: float | None, decimals: int | None, extra: int = 0) -> Label:
    """Return a figure with the decimals of print, and up to ``extra`` more, so that a difference becomes visible."""
    if value is None:
        return Label(nb="\u2013", en="\u2013")
    shown = max(decimals or 0, 0) + extra
    exact = Decimal(str(value)).normalize().as_tuple().exponent
    if extra and isinstance(exact, int):
        shown = max(min(shown, -exact), max(decimals or 0, 0))
    return Label(nb=number(value, shown, "nb"), en=number(value, shown, "en"))


def place_of(table_id: str) -> Label:
    """Describe where a report prints a figure: in a table, or in the text of a section or of a named part."""
    if not table_id.startswith(IN_TEXT):
        return filled(TEXTS["places"]["in_table"], table=table_id)
    section = table_id.removeprefix(IN_TEXT)
    chapter = TEXTS["chapters"].get(section)
    if chapter is None:
        return filled(TEXTS["places"]["in_section"], section=section)
    return filled(TEXTS["places"]["in_text"], chapter=chapter)


def words_of(cell_key: str, release: Release, indicators: Mapping[str, Label]) -> Label:
    """Describe what a printed figure measures.

    Args:
        cell_key: ``measure|name=code|...|year``.
        release: has the code lists.
        indicators: the labels of questions.

    Returns:
        The labels of its parts; a part without a label is given as its code.
    """
    measure, *parts = cell_key.split("|")
    words = [TEXTS["measures"][measure] if measure in TEXTS["measures"] else Label(nb=measure, en=measure)]
    for part in parts:
        name, _, code = part.rpartition("=")
        found = TEXTS["codes"].get(part)
        if found is None and name in ("question", "outcome"):
            found = indicators.get(code)
        if found is None:
            lists = [name, *(each for each in sorted(release.codes) if each != name)]
            found = next((release.codes[each][code].label for each in lists if code in release.codes.get(each, {})), None)
        found = found or Label(nb=code, en=code)
        words.append(filled(TEXTS["names"][name], value=found) if name in TEXTS["names"] else found)
    return joined(words, ", ")


def read_reconciliation(connection: duckdb.DuckDBPyConnection, release: Release) -> Reconciliation:
    """Return the verdicts by source, every explained difference, and the reasons why figures cannot be computed."""
    years = dict(
        connection.execute(
            "select source_id, max(report_year) from published_figures group by source_id order by source_id"
        ).fetchall()
    )
    sources: dict[str, dict[str, dict[str, int]]] = {}
    verdicts = dict.fromkeys(release.codes.get("verdict", {}), 0)
    for source, chapter, verdict, count in connection.execute(
        "select source_id, chapter, verdict, count(*) from reconciliation group by source_id, chapter, verdict"
        " order by source_id, try_cast(chapter as integer) nulls last, chapter, verdict"
    ).fetchall():
        sources.setdefault(source, {}).setdefault(chapter or "", {})[verdict] = count
        verdicts[verdict] = verdicts.get(verdict, 0) + count
    indicators = {
        code: Label(nb=nb or code, en=en or code)
        for code, nb, en in connection.execute("select indicator, label_nb, label_en from indicators order by 1").fetchall()
    }
    explained = [
        Explained(
            source,
            place_of(table),
            words_of(key, release, indicators),
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
    listed = [
        Source(
            source,
            years.get(source),
            {verdict: sum(counts.get(verdict, 0) for counts in chapters.values()) for verdict in verdicts},
            [Chapter(name, counts) for name, counts in chapters.items()],
        )
        for source, chapters in sources.items()
    ]
    return Reconciliation(listed, verdicts, explained, reasons)
