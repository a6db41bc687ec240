"""How often the first candidate is right for renamed and reworded columns: a rehearsal of a bundled year."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from orchestration.core.settings import load_settings
from orchestration.forms.draft import Draft, draft_form
from orchestration.forms.model import header
from orchestration.forms.registry import load_form
from orchestration.ingest.cell_proposals import profiles_of
from orchestration.ingest.headers import inspect_delivery
from orchestration.rehearsal.delivery import Rehearsal, rehearse

# The renamed share, and the required share of right first candidates.
SHARE = 0.1
RIGHT_BY_TEXTS_AT_MOST, RIGHT_AT_LEAST = 0.3, 0.9


def right_first(made: Rehearsal, draft: Draft) -> float:
    """Return the share of the renamed columns whose first candidate is right."""
    first = {(row.sheet, row.column): row.candidates[0].column for row in draft.unsure if row.candidates}
    pairs = [(place.split(".", 1)[0], after, place.split(".", 1)[1]) for place, after in made.renamed.items()]
    return sum(first.get((sheet, after)) == before for sheet, after, before in pairs) / len(pairs)


@pytest.mark.parametrize("name", ["is248_2023", "is248_2020"])
def test_cells_and_place_find_most_columns_that_names_and_wordings_do_not(name: str, tmp_path: Path) -> None:
    settings = load_settings()
    form = load_form(settings.forms / name)
    before = profiles_of(form, settings.deliveries / form.delivery)
    year = form.time_period + 1
    made = rehearse(settings, name, year, tmp_path / "made", 1, renamed_share=SHARE, is_reworded=True)
    assert len(made.renamed) > 10
    seen = inspect_delivery(made.data / "deliveries" / str(year), form)
    without = [dataclasses.replace(sheet, profiles={}) for sheet in seen.sheets]
    by_texts = draft_form(form, without, labels=seen.labels)
    by_all = draft_form(form, seen.sheets, labels=seen.labels, profiles=before)
    assert right_first(made, by_texts) <= RIGHT_BY_TEXTS_AT_MOST
    assert right_first(made, by_all) >= RIGHT_AT_LEAST
    # Nothing else is copied, and unchanged columns are not reported.
    assert by_all.taken_over == by_texts.taken_over
    assert by_all.unlike == ()


@pytest.mark.parametrize(("last", "next_"), [("is248_2018", "is248_2019"), ("is248_2022", "is248_2023")])
def test_cells_of_a_later_year_do_not_mislead_where_wordings_say_enough(last: str, next_: str) -> None:
    # Answers change from year to year, and several columns of these forms share a wording: the order decides.
    settings = load_settings()
    previous, new = (load_form(settings.forms / name) for name in (last, next_))
    asked = {column.meaning: header(column.column) for column in previous.columns if column.use == "answer"}
    truth = {
        header(column.column): asked[column.meaning]
        for column in new.columns
        if column.use == "answer" and column.meaning in asked
    }
    seen = inspect_delivery(settings.deliveries / new.delivery, previous)
    before = profiles_of(previous, settings.deliveries / previous.delivery)
    years = new.time_period - previous.time_period
    draft = draft_form(previous, seen.sheets, labels=seen.labels, profiles=before, years=years)
    # A weak wording may belong to another question, so nothing is required; equal cells in many columns do not help.
    enough = [row for row in draft.unsure if row.kind != "new" and row.candidates]
    first = {row.column: row.candidates[0].column for row in enough if row.column in truth}
    assert len(first) > 10
    assert first == {column: truth[column] for column in first}
