"""What a contact round reads from the warehouse: units of the year, their submissions, and applied corrections.

Belongs here: the queries. Does not belong here: conclusions from their results (``states``).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import duckdb

from orchestration.core.errors import UserError
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect, dictionaries


@dataclass(frozen=True)
class BelowLimit:
    """Two sums of a unit's FTE that differ by more than the margin, but too little for a question."""

    unit_code: str
    unit_name: str
    question: str
    target_group: str
    service_fte: Decimal
    other_fte: Decimal


@dataclass(frozen=True)
class Read:
    """The content of the warehouse for a year."""

    units: list[dict[str, Any]]
    """One row for each unit in each form."""
    below_limit: tuple[BelowLimit, ...]
    form_of: dict[str, str]
    """The form of each question that only one form of the year asks: corrections of the question belong to that form."""
    codes: frozenset[str]
    """Codes of the units and counties of all years."""
    applied: frozenset[str]
    """The corrections that the last run applied, by their place in the inputs."""


_UNITS = """
    with answers as (
        select form, unit_code, substr(md5(string_agg(
            concat_ws('|', question, item, target_group, reporting_form, coalesce(answer, ''),
                coalesce(number_value::varchar, ''), coalesce(text, '')),
            chr(10) order by question, item, target_group, reporting_form, answer, number_value, text
        )), 1, 12) as answers_sha256
        from intermediate.int_delivered_answers
        group by form, unit_code
    )
    select submissions.form, submissions.series, submissions.survey, submissions.unit_code,
        coalesce(surveys.label_nb, submissions.survey) as survey_nb,
        coalesce(surveys.label_en, submissions.survey) as survey_en,
        coalesce(units.unit_name, '') as unit_name, coalesce(units.unit_level, '') as unit_level,
        coalesce(units.county_code, '') as county_code, coalesce(counties.county_name, '') as county_name,
        submissions.submission_state, submissions.first_completed_at, coalesce(answers.answers_sha256, '') as answers_sha256
    from control.ctl_unit_submissions as submissions
    left join (
        select distinct time_period, unit_code, unit_name, unit_level, county_code from intermediate.int_units
    ) as units using (time_period, unit_code)
    left join staging.stg_reference__counties as counties
        on units.county_code = counties.county_code
        and submissions.time_period between counties.valid_from_year and counties.valid_to_year
    left join staging.stg_classifications__codelists as surveys
        on surveys.codelist = 'survey' and submissions.survey = surveys.code
    left join answers on submissions.form = answers.form and submissions.unit_code = answers.unit_code
    where submissions.time_period = $year
    order by submissions.form, units.county_code, submissions.unit_code
"""

_QUESTIONS_OF_FORMS = """
    select columns.question, min(columns.form) as form
    from staging.stg_forms__columns as columns
    inner join staging.stg_forms__forms as forms
        on columns.form = forms.form and forms.time_period = $year and forms.units = 'municipalities'
    where columns.use = 'answer'
    group by columns.question
    having count(distinct columns.form) = 1
"""

_CODES = """
    select unit_code from intermediate.int_units
    union
    select municipality_code from intermediate.int_units
    union
    select county_code from staging.stg_reference__counties
"""

_BELOW_LIMIT = """
    select compared.unit_code, coalesce(units.unit_name, '') as unit_name, compared.question, compared.target_group,
        compared.service_fte, compared.other_fte
    from control.ctl_differing_sums as compared
    left join (select distinct time_period, unit_code, unit_name from intermediate.int_units) as units
        on compared.time_period = units.time_period and compared.unit_code = units.unit_code
    where compared.time_period = $year and not compared.is_asked
    order by abs(compared.service_fte - compared.other_fte) desc, compared.unit_code, compared.question,
        compared.target_group
"""


def read_round(settings: Settings, year: int) -> Read:
    """Return the content of the warehouse for a year.

    Raises:
        UserError: the warehouse is of an earlier version.
    """
    with connect(settings.warehouse_file, read_only=True) as connection:
        try:
            units = dictionaries(connection, _UNITS, {"year": year})
        except duckdb.CatalogException as error:
            raise UserError("the warehouse is of an earlier version", place="warehouse", remedy="run ./is248 run") from error
        return Read(
            units=units,
            below_limit=tuple(BelowLimit(**row) for row in dictionaries(connection, _BELOW_LIMIT, {"year": year})),
            form_of=dict(connection.execute(_QUESTIONS_OF_FORMS, {"year": year}).fetchall()),
            codes=frozenset(row[0] for row in connection.execute(_CODES).fetchall() if row[0]),
            applied=frozenset(
                row[0] for row in connection.execute("select correction from decisions.corrections").fetchall()
            ),
        )
