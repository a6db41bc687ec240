"""A tiny warehouse with findings of the control, and a person's changes to a list."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from orchestration.control.answers import Drafted, draft, sign
from orchestration.control.findings import load_control
from orchestration.control.list_layout import PLACES
from orchestration.control.lists import write_lists
from orchestration.core.settings import Settings
from orchestration.core.warehouse import connect

CHANGE = "is248|2016|1103|large_change|fte_by_service|adults||"
RATE = "is248|2016|1103|rate_above_limit|fte_by_service|children||"
# Another finding about the number of CHANGE; added by ``add_second_reason``.
SECOND = "is248|2016|1103|rate_above_limit|fte_by_service|adults||"
CELL = "is248|2016|030101|text_instead_of_number|fte_by_service|adults|work_measures|joint"
SILENT = "is248|2016|1104|no_answer||||"

WAREHOUSE = """
create schema control; create schema intermediate; create schema staging; create schema forms; create schema decisions;
create table decisions.corrections (correction varchar);
create table control.ctl_findings (finding_key varchar, survey varchar, time_period integer, unit_code varchar,
    finding varchar, question varchar, target_group varchar, item varchar, reporting_form varchar, value decimal(18, 6),
    value_compared decimal(18, 6), previous_period integer, value_before decimal(18, 6), limit_value decimal(18, 6),
    population bigint, effect decimal(18, 6), detail varchar, wording varchar, file varchar, sheet varchar,
    row_number integer, column_number integer, header varchar);
insert into control.ctl_findings by name
    select 'is248|2016|1104|no_answer||||' as finding_key, 'is248' as survey, 2016 as time_period, '1104' as unit_code,
        'no_answer' as finding, 0.5 as effect, 0.5 as value_before, 2015 as previous_period;
insert into control.ctl_findings by name
    select 'is248|2016|1103|large_change|fte_by_service|adults||' as finding_key, 'is248' as survey, 2016 as time_period,
        '1103' as unit_code, 'large_change' as finding, 'fte_by_service' as question, 'adults' as target_group, 30 as value,
        2015 as previous_period, 20.25 as value_before, 25.449 as limit_value, 1000 as population, 9.75 as effect;
insert into control.ctl_findings by name
    select 'is248|2016|1103|rate_above_limit|fte_by_service|children||' as finding_key, 'is248' as survey,
        2016 as time_period, '1103' as unit_code, 'rate_above_limit' as finding, 'fte_by_service' as question,
        'children' as target_group, 30 as value, 24 as limit_value, 1000 as population, 12 as effect;
insert into control.ctl_findings by name
    select 'is248|2016|030101|text_instead_of_number|fte_by_service|adults|work_measures|joint' as finding_key,
        'is248' as survey, 2016 as time_period, '030101' as unit_code, 'text_instead_of_number' as finding,
        'fte_by_service' as question, 'adults' as target_group, 'work_measures' as item, 'joint' as reporting_form,
        0 as effect, '=2-3' as detail, 'Arbeid' as wording, 'a.xlsx' as file, 'Ark' as sheet, 2 as row_number,
        3 as column_number, 'v_1' as header;
create table intermediate.int_units as select * from (values
    (2016, '1103', 'Stavanger', '1103', 'Stavanger', '11', 'ge50000', 'municipality'),
    (2016, '1104', 'Å/Ås', '1104', 'Å/Ås', '11', 'lt2000', 'municipality'),
    (2016, '030101', 'Gamle Oslo', '0301', 'Oslo', '03', 'ge50000', 'city_district'))
    units(time_period, unit_code, unit_name, municipality_code, municipality_name, county_code, size_group, unit_level);
create table staging.stg_reference__counties as select * from (values
    ('11', 'Rogaland', 1900, 2099), ('03', 'Oslo', 1900, 2099)) c(county_code, county_name, valid_from_year, valid_to_year);
create table staging.stg_classifications__codelists as select * from (values
    ('fte_breakdown', 'fte_by_service', 1, 'Etter tjeneste', 'By service', 'service_type'),
    ('fte_breakdown', 'fte_by_education', 2, 'Etter utdanning', 'By education', 'education'),
    ('service_type', 'housing', 1, 'Bolig', 'Housing', 'adults'),
    ('service_type', 'work_measures', 2, 'Arbeidstiltak', 'Work measures', 'adults'),
    ('education', 'college', 1, 'Høyskole', 'College', null),
    ('size_group', 'ge50000', 6, 'Over 50 000', 'More than 50,000', null),
    ('size_group', 'oslo_districts', 7, 'Bydeler i Oslo', 'Oslo districts', null),
    ('target_group', 'adults', 1, 'Voksne (18 år og over)', 'Adults (18 and over)', null),
    ('target_group', 'children', 2, 'Barn og unge (under 18 år)', 'Children and youth (under 18)', null),
    ('target_group', 'total', 3, 'I alt', 'Total', null))
    codes(codelist, code, sort_order, label_nb, label_en, parent);
create table staging.stg_indicators__indicators as select 'q' as indicator, 'Spørsmål' as label_nb, 'Question' as label_en;
create table intermediate.int_survey_rounds as select 2016 as time_period, true as is_delivered
    union all select 2017, false;
create table forms.forms as select 'f' as form, 2016 as time_period, true as constructed;
create table staging.stg_forms__forms as
    select 'f' as form, 'is248' as survey, 2016 as time_period, 'municipalities' as units;
create table staging.stg_forms__columns as
    select 'f' as form, 'answer' as use, case type when 'number' then 'fte' end as unit, * from (values
    (1, 'fte_by_service', 'housing', 'adults', 'joint', 'number', 'Årsverk i bolig'),
    (2, 'fte_by_service', 'housing', 'adults', 'mental_health', 'number', 'Årsverk i bolig'),
    (3, 'fte_by_service', 'work_measures', 'adults', 'joint', 'number', 'Arbeid'),
    (4, 'fte_by_service', 'work_measures', 'children', 'joint', 'number', 'Arbeid'),
    (5, 'fte_by_education', 'college', 'adults', 'joint', 'number', 'Høyskole'),
    (6, 'plan', 'all', 'total', 'total', 'code', 'Har dere en plan?'))
    c(line, question, item, target_group, reporting_form, type, wording_nb);
create table staging.stg_forms__options as select 'f' as form, 'plan' as question, 'yes' as answer;
create table intermediate.int_fte_asked as
    select 'f' as form, 2016 as time_period, question, target_group, reporting_form, item as category
    from staging.stg_forms__columns where type = 'number';
create table intermediate.int_unit_responses as select * from (values
    ('f', 2016, '1103', true), ('f', 2016, '030101', true), ('f', 2016, '1104', false))
    r(form, time_period, unit_code, has_answered);
create table control.ctl_unit_submissions as select 'f' as form, 'is248' as series, 'is248' as survey, 2016 as time_period, *
    from (values ('1103', 'completed', timestamp '2016-05-10 12:00:00'),
    ('030101', 'completed', timestamp '2016-04-20 09:00:00'),
    ('1104', 'begun', null)) s(unit_code, submission_state, first_completed_at);
create table control.ctl_differing_sums as select 2016 as time_period, '1103' as unit_code, 'fte_by_pathway' as question,
    'adults' as target_group, 30 as service_fte, 28.5 as other_fte, false as is_asked;
create table intermediate.int_delivered_answers as
    select 'f' as form, * from (values
    ('1103', 'fte_by_service', 'housing', 'adults', 'joint', '12,5', cast(12.5 as decimal(18, 6)), null),
    ('030101', 'fte_by_service', 'work_measures', 'adults', 'joint', '=2-3', null, null),
    ('1103', 'plan', 'all', 'total', 'total', '2', null, 'no'))
    a(unit_code, question, item, target_group, reporting_form, text, number_value, answer);
"""


SECOND_SURVEY = """
insert into staging.stg_classifications__codelists values
    ('survey', 'is248', 1, 'IS-24/8: psykisk helse- og rusarbeid', 'IS-24/8: mental health and substance-use work', null),
    ('survey', 'other', 2, 'Andre: rusarbeid', 'Other: substance-use work', null);
insert into staging.stg_forms__forms values ('g', 'other', 2016, 'municipalities');
insert into staging.stg_forms__columns by name select 'g' as form, 'answer' as use, 'fte' as unit, 1 as line,
    'fte_other' as question, 'outreach' as item, 'adults' as target_group, 'joint' as reporting_form, 'number' as type,
    'Årsverk i oppsøkende arbeid' as wording_nb;
insert into intermediate.int_unit_responses values ('g', 2016, '1103', true);
insert into intermediate.int_delivered_answers values
    ('g', '1103', 'fte_other', 'outreach', 'adults', 'joint', 'ca. 12', null, null);
insert into control.ctl_unit_submissions values
    ('g', null, 'other', 2016, '1103', 'completed', timestamp '2016-05-09 12:00:00'),
    ('g', null, 'other', 2016, '1104', 'none', null);
insert into control.ctl_findings by name
    select 'other|2016|1103|text_instead_of_number|fte_other|adults|outreach|joint' as finding_key, 'other' as survey,
        2016 as time_period, '1103' as unit_code, 'text_instead_of_number' as finding, 'fte_other' as question,
        'adults' as target_group, 'outreach' as item, 'joint' as reporting_form, 0 as effect, 'ca. 12' as detail,
        'Årsverk i oppsøkende arbeid' as wording;
"""


def make_controlled(folder: Path) -> Settings:
    """Return settings with their own data folder, and a warehouse with a few findings."""
    data = folder / "data"
    data.mkdir()
    settings = Settings(data_dir=data, warehouse_dir=folder / "warehouse", snapshots_dir=folder / "snapshots")
    with connect(settings.warehouse_file) as connection:
        connection.execute(WAREHOUSE)
    return settings


def add_second_reason(settings: Settings) -> None:
    """Add a second finding about the number of CHANGE, with a smaller effect."""
    with connect(settings.warehouse_file) as connection:
        connection.execute(
            "insert into control.ctl_findings by name select * replace (? as finding_key, 'rate_above_limit' as finding, "
            "25 as limit_value, 3 as effect) from control.ctl_findings where finding_key = ?",
            [SECOND, CHANGE],
        )


def add_second_survey(settings: Settings) -> None:
    """Add a form of another survey to the year, in which Stavanger wrote a text for an item without a code list."""
    with connect(settings.warehouse_file) as connection:
        connection.execute(SECOND_SURVEY)


def column(name: str) -> int:
    return PLACES[name] + 1


def write(settings: Settings) -> Path:
    return write_lists(load_control(settings, 2016), settings.control).folder


def bytes_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def row_of(sheet: Worksheet, key: str) -> int:
    return next(row for row in range(2, sheet.max_row + 1) if sheet.cell(row, column("key")).value == key)


def answer(path: Path, finding: str, /, *, row: int | None = None, **values: Any) -> None:
    """Fill in the answer to a finding, or to another row of the list."""
    book = load_workbook(path)
    sheet = book["Kontroll"]
    place = row or row_of(sheet, finding)
    for name, value in {"answered_by": "Kari Nordmann", "answered_on": date(2016, 6, 14), **values}.items():
        sheet.cell(place, column(name)).value = value
    book.save(path)


def changed(path: Path, /, **values: str | None) -> Path:
    """Fill in the answer to the change of Stavanger."""
    answer(
        path,
        CHANGE,
        **{"verdict": "feil", "new_value": 2.5, "item": "Bolig", "reporting_form": "felles rapportering", **values},
    )
    return path


def signed(settings: Settings, path: Path) -> Drafted:
    """Read answers and sign the resulting entries."""
    drafted = draft(settings, 2016, path)
    sign(settings, 2016, drafted)
    return drafted
