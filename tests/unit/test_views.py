"""Safe entries: the columns of views by the code lists, and the tables that declare overlapping rows."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, load_tables
from orchestration.gate.rules import load_rules
from orchestration.publish.formats.metadata import caution_of
from orchestration.publish.publication_metadata import Code
from orchestration.publish.views import DESCRIPTIONS, described, figures, load_entries

DATA = PROJECT_DIR / "data"
TABLES = {table.name: table for table in load_tables(DATA / "metadata")}
SOURCE = TABLES["fte_by_service"]

# A code of a code list for the total of the others.
EVERYTHING = {"total", "all"}


def code(nb: str, parent: str | None = None) -> Code:
    return Code(Label(nb=nb, en=nb), parent, None)


CODES = {
    "target_group": {"old": code("Eldre"), "young": code("Yngre"), "total": code("I alt")},
    "service_type": {
        "home": code("Hjemme", "old"),
        "other_old": code("Annet", "old"),
        "other_young": code("Annet", "young"),
        "phone": code('Telefon "døgnet"', "young"),
        "total": code("I alt"),
    },
}


def test_a_view_has_a_column_for_each_group_and_for_each_of_its_parts() -> None:
    names = [figure.column.name for figure in figures(SOURCE, CODES)]
    assert names == [
        *("fte", "fte_old", "fte_young"),
        *("fte_old_home", "fte_old_other_old", "fte_young_other_young", "fte_young_phone"),
        *("population", "population_old", "population_young"),
        *("fte_per_10000", "fte_per_10000_old", "fte_per_10000_young"),
    ]


def test_a_part_that_belongs_to_no_group_is_one_of_every_group() -> None:
    codes = CODES | {"service_type": {"phone": code("Telefon"), "total": code("I alt")}}
    named = {figure.column.name: figure.column.title.nb for figure in figures(SOURCE, codes)}
    assert named["fte_old_phone"] == "Årsverk: Telefon (Eldre)"
    assert named["fte_young_phone"] == "Årsverk: Telefon (Yngre)"


def test_columns_of_the_overview_are_told_apart_and_can_be_written_in_sql() -> None:
    overview = described(load_entries(DATA / "metadata"), list(TABLES.values()), CODES)[-1]
    names = overview.column_names
    assert len({name.casefold() for name in names}) == len(names)
    assert {"Årsverk: Annet (Eldre)", "Årsverk: Annet (Yngre)", "Årsverk: Telefon ”døgnet”"} <= set(names)
    assert not [name for name in names if '"' in name or "'" in name]


def test_without_the_table_that_they_show_there_are_no_views() -> None:
    assert described(load_entries(DATA / "metadata"), [TABLES["areas"]], CODES) == []


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("of: fte_municipality_today", "of: fte_nowhere", "'fte_nowhere', which is not a view"),
        ("    en: FTE in the counties\n", "", "views.1.title.en"),
        ("unit_level: county", "level: county", "views.1"),
    ],
)
def test_a_wrong_description_of_views_is_reported_with_its_file(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    shutil.copytree(DATA / "metadata", tmp_path, dirs_exist_ok=True)
    text = (tmp_path / DESCRIPTIONS).read_text(encoding="utf-8")
    assert before in text
    (tmp_path / DESCRIPTIONS).write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(UserError, match=message) as error:
        load_entries(tmp_path)
    assert DESCRIPTIONS in str(error.value)


def test_a_table_says_that_its_rows_overlap_exactly_where_one_row_holds_another() -> None:
    warned = {name for name, table in TABLES.items() if caution_of(table)}
    assert warned == {
        *(
            "fte_by_service",
            "fte_by_education",
            "fte_by_pathway",
            "fte_by_reporting_form",
            "fte_distribution",
            "real_change",
        ),
        *("indicator_shares", "indicator_odds_ratios", "adjusted_shares", "mean_scores", "person_estimates", "amounts"),
        *("areas", "response"),
    }
    caution = caution_of(TABLES["amounts"])
    assert caution is not None
    assert caution.en == "Rows overlap: never sum over unit_level. First choose one value of it, and include it in joins."


def test_a_column_of_a_key_that_has_totals_overlaps() -> None:
    with (DATA / "classifications" / "codelists.csv").open(encoding="utf-8", newline="") as file:
        totals = {row["codelist"] for row in csv.DictReader(file) if row["code"] in EVERYTHING}
    assert {"target_group", "service_type", "education", "pathway"} <= totals
    forgotten = [
        (table.name, name)
        for table in TABLES.values()
        for name in table.key
        if table.column(name).codelist in totals and not table.column(name).overlaps
    ]
    assert forgotten == []


def test_the_gate_looks_at_every_view() -> None:
    entries = load_entries(DATA / "metadata")
    (rule,) = (each for each in load_rules(PROJECT_DIR / "expectations" / "rules") if each.id.startswith("views_show"))
    assert rule.rows is not None
    assert [
        name for name in (*(view.view for view in entries.views), entries.overview.view) if f"from {name}" not in rule.rows
    ] == []
