"""Definitions: read from a snapshot, listed in a chapter, and printed below the tables that use their subjects."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.core.errors import UserError
from orchestration.core.settings import PROJECT_DIR
from orchestration.core.tables import Label, load_tables
from orchestration.publish.definitions import Definition, read_definitions, subjects_of
from orchestration.publish.formats.metadata import definitions_of, subjects_in
from orchestration.report import definitions
from orchestration.report.grid import Grid, Round
from orchestration.report.model import Declared
from orchestration.report.sentences import Chapters
from orchestration.report.tables import fill
from orchestration.report.vocabulary import Vocabulary
from tests.unit.report_kit import answer, fte, round_of

ROWS = {
    "fte_by_service": [fte(2016, 10.0)],
    "indicator_shares": [answer("yes", 4), answer("yes", 2, indicator="own_24h_places")],
}
TABLES = {table.name: table for table in load_tables(PROJECT_DIR / "data" / "metadata")}


def definition(
    subject: str, kind: str, text: str, *, item: str = "item", note: bool = False, known: bool = True
) -> Definition:
    source = Label(nb="Rapporten for 2016", en="2016 report")
    return Definition(subject, kind, item, known, note, Label(nb=text, en=f"{text} (en)"), source, None)


FOUND = {
    "fte": (definition("fte", "counted", "Hovedårsaken."), definition("fte", "weakness", "Anslag.", known=False)),
    "crisis_plan": (definition("crisis_plan", "weakness", "Ingen nevnt.", known=False, item="none"),),
    "own_24h_places": (definition("own_24h_places", "weakness", "Kan være for høy *her*.", note=True),),
    "general": (definition("general", "abbreviation", "Tjeneste.", item="TSB"),),
}


def reporting(**changes: Any) -> Round:
    of = round_of(ROWS)
    named = "insert into indicators (indicator, label_nb, label_en) values ('own_24h_places', 'Egne', 'Own')"
    of.published.connection.execute(named)
    labels = {"crisis_plan": Label(nb="Plan", en="Plan"), "own_24h_places": Label(nb="Egne", en="Own")}
    code = next(iter(of.published.release.codes["answer"].values()))
    codes = {**of.published.release.codes, "indicator": {name: replace(code, label=label) for name, label in labels.items()}}
    of.published.release = replace(of.published.release, codes=codes, definitions=FOUND)
    return replace(of, **changes)


def table(of: Round, *questions: str) -> Grid:
    declared = {
        "title": {"nb": "Tabell", "en": "Table"},
        "rows": {"by": "question", "codes": questions},
        "fixed": {"answer": "yes"},
        "columns": [{"measure": "share_of_municipalities"}],
    }
    return fill("key", Declared.model_validate(declared), of)


def evaluated(text: str) -> str:
    of = reporting()
    return Chapters(of, Vocabulary(of), {}, {}).render(Path("kapittel.md"), text, "kapittel.md").strip()


def test_what_is_said_of_a_question_stands_below_the_table_that_uses_it() -> None:
    of = reporting()
    assert [each.text for each in definitions.notes(table(of, "own_24h_places"), of)] == [
        "Kjent svakhet: Kan være for høy *her*. (Rapporten for 2016.)"
    ]
    assert definitions.notes(table(of, "crisis_plan"), of) == []
    beside = definitions.notes(table(of, "crisis_plan", "own_24h_places"), of)
    assert [each.text for each in beside] == ["Egne: Kjent svakhet: Kan være for høy *her*. (Rapporten for 2016.)"]
    english = reporting(language="en")
    assert definitions.notes(table(english, "own_24h_places"), english)[0].text.startswith("Known weakness: Kan")


def test_definitions_are_listed_by_kind_with_their_source_and_what_is_not_known_is_marked() -> None:
    assert evaluated('{{ definitions("fte") }}') == (
        "### Regnes med\n\n- Hovedårsaken. (Rapporten for 2016)\n\n"
        "### Kjent svakhet\n\n- *Ikke kjent:* Anslag. (Rapporten for 2016)"
    )
    assert evaluated('{{ definitions("fte", "general", kinds=["abbreviation"]) }}') == (
        "### Forkortelse\n\n- **TSB.** Tjeneste. (Rapporten for 2016)"
    )


def test_weaknesses_of_the_questions_of_a_report_are_listed_by_name_what_holds_for_many_last() -> None:
    of = reporting()
    shown = {"a": table(of, "crisis_plan"), "b": table(of, "own_24h_places")}
    lines = definitions.weaknesses(of, shown).strip().split("\n")
    assert lines == [
        "- **Plan.** *Ikke kjent:* Ingen nevnt. (Rapporten for 2016)",
        r"- **Egne.** Kan være for høy \*her\*. (Rapporten for 2016)",
    ]
    assert definitions.weaknesses(of, {}) == ""


def test_signs_are_those_of_the_code_list() -> None:
    assert evaluated("{{ signs() }}") == "- «:» Konfidensiell\n- «..» Mangler, ikke samlet inn\n- «.» Kan ikke forekomme"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{{ definitions("fta") }}', "no definitions of 'fta'; nearest is 'fte'"),
        ('{{ definitions("fte", kinds=["weaknes"]) }}', "no definitions of 'weaknes'; nearest is 'weakness'"),
    ],
)
def test_a_misspelt_subject_is_reported_with_the_nearest(text: str, what: str) -> None:
    with pytest.raises(UserError) as error:
        evaluated(f"\n{text}")
    assert what in error.value.what
    assert error.value.place == "kapittel.md, line 2"


def test_a_snapshot_without_the_table_has_no_definitions() -> None:
    with duckdb.connect() as connection:
        assert read_definitions(connection, ["counted"]) == {}
        columns = ", ".join(f'"{column.name}" {column.type}' for column in TABLES["definitions"].columns)
        connection.execute(f"create table definitions ({columns})")
        for kind, item, order in (("weakness", "a", 1), ("counted", "c", 3), ("counted", "b", 2)):
            values = ["fte", kind, item, order, "not_known", False, "x", "y", "s", "t", "not_known"]
            connection.execute(f"insert into definitions values ({', '.join('?' for _ in values)})", values)
        (found,) = read_definitions(connection, ["counted", "weakness"]).values()
    assert [each.item for each in found] == ["b", "c", "a"]
    assert {(each.is_known, each.page) for each in found} == {(False, None)}


def test_a_table_has_the_subjects_of_its_name_and_its_questions() -> None:
    assert subjects_of("fte_by_pathway") == ["fte", "fte_by_pathway"]
    release = reporting().published.release
    assert {"crisis_plan", "own_24h_places"} <= set(subjects_in(TABLES["indicator_shares"], release))
    assert subjects_in(TABLES["amounts"], release) == ["amounts", "user_involvement_amount"]
    assert "crisis_plan" not in subjects_in(TABLES["series_breaks"], release)


def test_the_metadata_of_a_table_have_what_is_said_of_it_and_not_what_nobody_said() -> None:
    release = reporting().published.release
    of_answers = definitions_of(TABLES["indicator_shares"], release)
    assert [(each["subject"], each["item"], each["is_known"]) for each in of_answers] == [("own_24h_places", "item", True)]
    assert of_answers[0]["source"] == {"nb": "Rapporten for 2016", "en": "2016 report"}
    assert of_answers[0]["kind"] == {"code": "weakness", "label": {"nb": "Kjent svakhet", "en": "Known weakness"}}
    assert [each["kind"]["code"] for each in definitions_of(TABLES["fte_by_service"], release)] == ["counted", "weakness"]
    assert definitions_of(TABLES["areas"], release) == []


def test_every_definition_of_the_project_has_a_subject_a_source_and_both_languages() -> None:
    with (PROJECT_DIR / "data" / "indicators" / "definitions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with (PROJECT_DIR / "data" / "indicators" / "indicators.csv").open(encoding="utf-8", newline="") as file:
        questions = {row["indicator"] for row in csv.DictReader(file)}
    tables = {subject for name in TABLES for subject in subjects_of(name)}
    assert {row["subject"] for row in rows} <= questions | tables | {"general", "*"}
    assert len({(row["subject"], row["kind"], row["item"]) for row in rows}) == len(rows)
    # Definitions marked as not known, and only these, say so.
    assert [row["item"] for row in rows if (row["state"] == "not_known") != ("ikke kjent" in row["text_nb"])] == []
    assert [row["item"] for row in rows if (row["state"] == "not_known") != ("not known" in row["text_en"])] == []
