"""The entries that a form needs and the inputs lack: a check list with the file and what to write.

Without them a run stops, or a figure is left out, or a label is the form's own. Belongs here: finding what the tables of the
inputs lack for the questions, categories and years of a form; the preview of a year and the difference of two forms report
the same. Does not belong here: the form itself (``forms.registry``), and what the entries may say (``entry_drafts``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from orchestration.core.errors import Problems, UserError
from orchestration.core.settings import Settings
from orchestration.disclosure import policy
from orchestration.forms.model import Form
from orchestration.forms.registry import load_draft, load_finished
from orchestration.ingest import registry
from orchestration.ingest.data_packages import load_all

INDICATORS, ANSWERS, DISCLOSURE = "indicators/indicators.csv", "indicators/answers.csv", "classifications/disclosure.yml"

# Questions with answers to choose from, which are published as indicators.
_INDICATORS = """
    select distinct columns.question from forms.columns inner join forms.forms using (form)
    where forms.time_period = $year and columns.use = 'answer' and columns.type in ('code', 'codes', 'tick')
        and columns.question not in ('reporting_form', 'changed_reporting_practice')
"""

# Categories of FTE of the round before that the year's form of the same survey no longer asks for.
_DROPPED = """
    with asked as (
        select distinct forms.survey, forms.time_period, columns.question, columns.item
        from forms.columns inner join forms.forms using (form)
        where columns.use = 'answer' and columns.item not in ('total', 'all')
            and columns.question in (select code from classifications.codelists where codelist = 'fte_breakdown')
    ),
    dropped as (
        select before.question, before.item, before.time_period as before
        from asked as before
        where before.time_period = (
                select max(time_period) from asked as earlier
                where earlier.survey = before.survey and earlier.question = before.question and time_period < $year
            )
            and (before.survey, before.question) in (
                select (survey, question) from asked as now where now.time_period = $year
            )
            and (before.survey, before.question, before.item) not in (
                select (survey, question, item) from asked as now where now.time_period = $year
            )
    )
"""

# One query each: what is missing, as the blanks of the message. The year is $year.
_QUERIES: tuple[tuple[str, str, str, str], ...] = (
    (
        "classifications/survey_rounds.csv",
        "has no round of {0} in {1}",
        "add a line: it says which rounds were held, delivered or not",
        """
        select survey, time_period from forms.forms
        where time_period = $year and survey in (select survey from classifications.survey_rounds)
            and (survey, time_period) not in (
                select (survey, time_period::integer) from classifications.survey_rounds
            )
        order by all
        """,
    ),
    (
        "reference/population.csv",
        "has no populations of {0}",
        "add those of 1 January of the year: without them no municipality is known in it, and every row is rejected",
        "select $year where $year not in (select year::integer from reference.population)",
    ),
    (
        "reference/population.csv",
        "has no population of {0} {1} in {2}",
        "add it: without it the municipality is unknown in the year, and its answers are rejected",
        """
        select municipality_code, municipality_name, $year from reference.municipalities
        where $year between valid_from_year::integer and valid_to_year::integer
            and $year in (select year::integer from reference.population)
            and municipality_code not in (
                select municipality_code from reference.population where year::integer = $year
            )
        order by all
        """,
    ),
    (
        "reference/oslo_districts.csv",
        "has no districts of {0}",
        "add them: without them answers of districts are rejected",
        """
        select distinct $year from forms.identifiers inner join forms.forms using (form)
        where forms.time_period = $year and identifiers.role = 'part_code'
            and $year not in (select year::integer from reference.oslo_districts)
        """,
    ),
    (
        "reference/municipalities.csv",
        "has no municipalities of {0}",
        "add them, and what changed to municipality_changes.csv",
        "select $year where not exists (from reference.municipalities "
        "where $year between valid_from_year::integer and valid_to_year::integer)",
    ),
    (
        "reference/cpi.csv",
        "has no consumer price index of {0}",
        "add it: without it amounts of the year have no real value",
        """
        select distinct forms.time_period from forms.columns inner join forms.forms using (form)
        where forms.time_period = $year and columns.use = 'answer' and columns.unit = 'nok'
            and $year not in (select year::integer from reference.cpi)
        """,
    ),
    (
        "classifications/category_crosswalk.csv",
        "does not say what {1} of {0} was in the round before, {2}",
        "add a line with what it corresponds to, or none",
        """
        with asked as (
            select distinct forms.survey, forms.time_period, columns.question, columns.item
            from forms.columns inner join forms.forms using (form)
            where columns.use = 'answer'
                and columns.question in (select code from classifications.codelists
                    where codelist = 'fte_breakdown')
        )
        select question, item,
            (select max(time_period) from asked as earlier where survey = asked.survey and time_period < $year) as before
        from asked
        where time_period = $year and item not in ('total', 'all')
            and (survey, question, item) not in (select (survey, question, item) from asked where time_period < $year)
            and survey in (select survey from asked where time_period < $year)
            and not exists (
                from classifications.category_crosswalk as crosswalk
                where crosswalk.question = asked.question and crosswalk.time_period_to::integer = $year
                    and list_contains(string_split(crosswalk.category_to, '+'), asked.item)
            )
        order by all
        """,
    ),
    (
        "classifications/category_crosswalk.csv",
        "does not say what became of {1} of {0}, which was asked for in {2} and not in {3}",
        "add a line with what it corresponds to, or none",
        f"""
        {_DROPPED}
        select question, item, before, $year from dropped
        where not exists (
            from classifications.category_crosswalk as crosswalk
            where crosswalk.question = dropped.question and crosswalk.time_period_to::integer = $year
                and list_contains(string_split(crosswalk.category_from, '+'), dropped.item)
        )
        order by all
        """,
    ),
    (
        "classifications/series_breaks.csv",
        "has no break of {0} in {1}, although that year no longer asks for {2}",
        "add a line: without it the change from {3} compares unlike totals",
        f"""
        {_DROPPED}
        select question, $year, string_agg(item, ', ' order by item), max(before) from dropped
        where question not in (
            select indicator from classifications.series_breaks
            where time_period::integer = $year and kind not in ('coverage', 'geography')
        )
        group by question
        order by all
        """,
    ),
    (
        INDICATORS,
        "has no labels of the question {0}",
        "add a line: until then its name and the wording of the form are published",
        f"from ({_INDICATORS}) where question not in (select indicator from indicators.indicators) order by all",
    ),
    (
        ANSWERS,
        "has no labels of the answer {0}",
        "add a line: until then the label of the form is published",
        f"""
        select distinct answer from (
            select options.question, options.answer from forms.options inner join forms.forms using (form)
            where forms.time_period = $year
            union all
            select columns.question, columns.answer from forms.columns inner join forms.forms using (form)
            where forms.time_period = $year and columns.type = 'tick'
        )
        where answer != '' and question in ({_INDICATORS})
            and answer not in (select code from indicators.answers where codelist = 'answer')
        order by all
        """,
    ),
    (
        DISCLOSURE,
        "does not say whether the question {0} is sensitive",
        "put it into one of the lists: until then it is treated as sensitive",
        f"from ({_INDICATORS}) where question not in (select indicator from disclosure.indicators) order by all",
    ),
)


@dataclass(frozen=True)
class MissingEntry:
    """An entry that is needed: the file under data/, what it is about, and the error to report."""

    file: str
    about: str
    error: UserError


def missing_entries(data: Path, year: int, connection: duckdb.DuckDBPyConnection) -> Iterator[MissingEntry]:
    """Yield each entry that the forms of a year need and the inputs lack.

    Args:
        data: where the inputs lie.
        year: the survey year.
        connection: has the inputs, and the forms of the year and before it.
    """
    for file, what, remedy, sql in _QUERIES:
        for row in connection.execute(sql, {"year": year}).fetchall():
            error = UserError(what.format(*row), place=str(data / file), remedy=remedy.format(*row))
            yield MissingEntry(file, str(row[0]), error)


def entries_of_form(settings: Settings, name: str) -> tuple[Form, list[MissingEntry]]:
    """Return a form, finished or not, and the missing entries that it needs; no delivery is read.

    Args:
        settings: where the inputs lie.
        name: the form.

    Raises:
        UserError: the form does not describe a delivery, or an input is broken.
    """
    form, _ = load_draft(settings.forms / name, Problems(go_on=True))
    # The categories of the round before come from finished forms.
    earlier = [each for each in load_finished(settings.forms)[0] if each.time_period < form.time_period]
    with duckdb.connect() as connection:
        try:
            load_all(connection, settings.data)
            policy.load(connection, settings.data)
        except duckdb.Error as error:
            raise UserError(
                f"cannot be loaded ({error})", place=str(settings.data), remedy="./is248 preview names file and line"
            ) from error
        registry.load_registry(connection, [*earlier, form])
        return form, list(missing_entries(settings.data, form.time_period, connection))
