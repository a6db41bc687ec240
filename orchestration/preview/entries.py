"""The entries that a survey year needs beside its form, and that are not there: a check list with file and what to write.

Without them a run stops, or a figure is left out, or a label is the form's own. Belongs here: looking what stands in the
tables of the inputs for the questions, categories and years of a form. Does not belong here: the form itself
(``forms.registry``).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.preview.reading import Reading

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
        "add those of 1 January after the year: without them the year has no rates and no size groups",
        "select $year where $year not in (select year::integer from reference.population)",
    ),
    (
        "reference/municipalities.csv",
        "has no municipalities of {0}",
        "add them, and what changed to municipality_changes.csv",
        "select $year where not exists (from intermediate.int_units where time_period = $year)",
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
        "indicators/indicators.csv",
        "has no labels of the question {0}",
        "add a line: until then its name and the wording of the form are published",
        """
        select distinct indicator from intermediate.int_indicator_rounds
        where time_period = $year and not is_derived and indicator not in (select indicator from indicators.indicators)
        order by all
        """,
    ),
    (
        "classifications/disclosure.yml",
        "does not say whether the question {0} is sensitive",
        "put it into one of the lists: until then it is treated as sensitive",
        """
        select distinct indicator from intermediate.int_indicator_rounds
        where time_period = $year and not is_derived and indicator not in (select indicator from disclosure.indicators)
        order by all
        """,
    ),
)


def missing_entries(settings: Settings, reading: Reading, connection: duckdb.DuckDBPyConnection) -> Iterator[UserError]:
    """Yield each entry that the year needs and that is not there, as what is missing, the file, and what to do."""
    for file, what, remedy, sql in _QUERIES:
        for row in connection.execute(sql, {"year": reading.year}).fetchall():
            yield UserError(what.format(*row), place=str(settings.data / file), remedy=remedy)
