"""The remarks on a figure: its notes, how many inhabitants it covers, the kind of break before it.

Every format that shows a figure takes its words from here, so that none says less than another. Belongs here: finding the
remarks on the rows of a table, and the words that no code list has. Does not belong here: how a format writes it down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

import duckdb

from orchestration.core.tables import Column, Label, Table
from orchestration.core.texts import filled, load_texts
from orchestration.publish.publication_metadata import Release

TEXTS = load_texts("publish", "remarks")

NOTE_COLUMN = "obs_note"
REASON_COLUMN = "absence_reason"
COVERAGE_COLUMN = "coverage"
BREAK_COLUMN = "series_break"
BASIS_COLUMN = "area_basis"
# The column of notes is the one whose cells hold several codes of its list.
SEPARATOR = ";"

BREAKS, AREA_BREAKS = "series_breaks", "area_breaks"
# A question that is asked, or delivered, for the first or the last time has no figures on the other side of the break.
NO_BREAKS = ("new", "dropped", "not_delivered")
# What an area whose boundaries moved has in common with the breaks of that name.
BOUNDARIES = "geography"

# The kinds of the break before a row; not a column of a public table, as it follows from the two tables of breaks.
KINDS = Column(
    name="break_kinds", type="VARCHAR", title=TEXTS["kinds"], description=TEXTS["kinds_about"], codelist="break_kind"
)

# Greatest percentage shown for a coverage below one: never a hundred.
_NEARLY_ALL = Decimal("99.9")


def percent_covered(share: float) -> Label:
    """Return a coverage in percent with one decimal; less than all is never a hundred."""
    rounded = Decimal(str(100 * share)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    percent = str(min(rounded, _NEARLY_ALL) if share < 1 else rounded)
    return Label(nb=percent.replace(".", ","), en=percent)


def covered(share: float) -> Label:
    """Return how many inhabitants a figure covers, in words."""
    return covered_text(percent_covered(share))


def covered_text(percent: Label) -> Label:
    """Return how many inhabitants a figure covers, given the formatted percentage."""
    return filled(TEXTS["covered"], share=percent)


def notes_of(text: str | None, release: Release) -> list[Label]:
    """Return the notes of a row in words."""
    return [release.label(NOTE_COLUMN, code) for code in (text or "").split(SEPARATOR) if code]


def remarks_on_figure(note: str | None, share: float | None, release: Release) -> list[Label]:
    """Return the remarks on a figure: its coverage if incomplete, and its notes."""
    partial = [covered(share)] if share is not None and share < 1 else []
    return [*partial, *notes_of(note, release)]


def joined(texts: Iterable[Label], separator: str = ". ") -> Label:
    """Return several texts as one."""
    found = list(texts)
    return Label(nb=separator.join(each.nb for each in found), en=separator.join(each.en for each in found))


def in_one_line(texts: Iterable[Label]) -> Label:
    """Return several remarks as one text: the first unchanged, the others with a small initial letter."""
    found = list(texts)
    return Label(nb=_in_one_line([each.nb for each in found]), en=_in_one_line([each.en for each in found]))


def _in_one_line(texts: Sequence[str]) -> str:
    begun = [*texts[:1], *(text[:1].lower() + text[1:] for text in texts[1:])]
    return "; ".join([*(text.removesuffix(".") for text in begun[:-1]), *begun[-1:]])


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether the connection sees a table; a snapshot of an earlier version may not have it."""
    query = "select count(*) from information_schema.tables where table_name = ?"
    return connection.execute(query, [name]).fetchall() != [(0,)]


def read_moved(connection: duckdb.DuckDBPyConnection) -> Mapping[tuple[str, str], list[tuple[int, Label]]]:
    """Return the years in which areas that kept their code changed their boundaries, and how, by level and code."""
    moved: dict[tuple[str, str], list[tuple[int, Label]]] = {}
    if has_table(connection, AREA_BREAKS):
        for level, code, year, nb, en in connection.execute(
            f"select unit_level, unit_code, time_period, description_nb, description_en from {AREA_BREAKS} order by all"
        ).fetchall():
            moved.setdefault((level, code), []).append((year, Label(nb=nb, en=en)))
    return moved


def moved_text(year: int, how: Label) -> Label:
    """Return the remark on an area whose boundaries moved."""
    return filled(TEXTS["moved"], year=str(year), how=how)


def has_kinds(connection: duckdb.DuckDBPyConnection, table: Table) -> bool:
    """Whether the rows of a table can state the kind of break before them."""
    return BREAK_COLUMN in table.column_names and has_table(connection, BREAKS)


def with_kinds(table: Table) -> Table:
    """Return the description of a table with the column of the kinds of breaks after that of breaks."""
    columns = [each for column in table.columns for each in ((column, KINDS) if column.name == BREAK_COLUMN else (column,))]
    return table.model_copy(update={"columns": tuple(columns)})


def with_kinds_sql(connection: duckdb.DuckDBPyConnection, table: Table, release: Release, chosen: str = "") -> str:
    """Return SQL of the table with the column ``break_kinds``: codes of the breaks since the row before.

    The breaks of a row are those of its table or indicator, and of its area as it was, since the row before of the same area
    and category: since the year before where there is none.

    Args:
        connection: sees the table and the tables of breaks.
        table: ``has_kinds`` holds for it.
        release: has the kinds in their order.
        chosen: SQL after the name of the table that chooses series, all years of each.
    """
    subject = "indicator" if "indicator" in table.key else f"'{table.name}'"
    series = ", ".join(f'"{name}"' for name in table.key if name != "time_period")
    no_breaks = ", ".join(f"'{kind}'" for kind in NO_BREAKS)
    order = ", ".join(f"'{kind}'" for kind in release.codes.get("break_kind", {}))
    since = "breaks.time_period between coalesce(spans.row_before + 1, spans.time_period) and spans.time_period"
    is_moved, joins = "false", ""
    if BASIS_COLUMN in table.column_names and has_table(connection, AREA_BREAKS):
        is_moved = "moved.unit_code is not null"
        joins = """
            left join moved
                on ordered.area_basis = 'reported' and ordered.unit_level = moved.unit_level
                and ordered.unit_code = moved.unit_code and ordered.time_period = moved.time_period
                and ordered.row_before is not distinct from moved.row_before
        """
    moved = (
        f"""
        , moved as (
            select distinct spans.unit_level, spans.unit_code, spans.time_period, spans.row_before
            from (select distinct unit_level, unit_code, time_period, row_before from ordered) as spans
            inner join {AREA_BREAKS} as breaks
                on spans.unit_level = breaks.unit_level and spans.unit_code = breaks.unit_code and {since}
        )
        """
        if joins
        else ""
    )
    return f"""
        with ordered as (
            select *, {subject} as break_subject,
                lag(time_period) over (partition by {series} order by time_period) as row_before
            from "{table.name}" {chosen}
        ),
        kinds as (
            select spans.break_subject, spans.time_period, spans.row_before,
                list_sort(list_distinct(list(breaks.kind))) as kinds
            from (select distinct break_subject, time_period, row_before from ordered) as spans
            inner join {BREAKS} as breaks
                on spans.break_subject = breaks.indicator and {since} and breaks.kind not in ({no_breaks})
            group by all
        )
        {moved}
        select ordered.* exclude (break_subject, row_before),
            case when ordered.{BREAK_COLUMN} then nullif(array_to_string(list_filter(
                [{order}],
                lambda kind: list_contains(kinds.kinds, kind) or (kind = '{BOUNDARIES}' and {is_moved})
            ), '{SEPARATOR}'), '') end as {KINDS.name}
        from ordered
        left join kinds
            on ordered.break_subject = kinds.break_subject and ordered.time_period = kinds.time_period
            and ordered.row_before is not distinct from kinds.row_before
        {joins}
    """
