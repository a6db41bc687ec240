{%- set cell = ['file', 'sheet', 'row_number', 'column_number', 'header'] %}
with findings as (
    {{ findings_of(ref('ctl_rates'), without=['item', 'reporting_form', 'value_compared', 'detail', 'wording'] + cell) }}

    union all

    {{ findings_of(ref('ctl_changes'), without=['item', 'reporting_form', 'value_compared', 'detail', 'wording'] + cell) }}

    union all

    {{ findings_of(
        ref('ctl_children'),
        without=['item', 'reporting_form', 'value_compared', 'limit_value', 'detail', 'wording'] + cell
    ) }}

    union all

    {{ findings_of(ref('ctl_reporting_form'), without=['item', 'limit_value', 'wording'] + cell) }}

    union all

    {{ findings_of(ref('ctl_sums'), without=['previous_period', 'value_before', 'limit_value', 'wording']) }}

    union all

    {{ findings_of(ref('ctl_cells'), without=['previous_period', 'value_before', 'limit_value', 'population']) }}

    union all

    {{ findings_of(
        ref('ctl_submissions'),
        without=[
            'question', 'target_group', 'item', 'reporting_form', 'value', 'value_compared', 'limit_value', 'population', 'wording'
        ] + cell
    ) }}

    union all

    {{ findings_of(
        ref('ctl_unreported'),
        without=['target_group', 'item', 'reporting_form', 'value', 'limit_value', 'population', 'detail', 'wording'] + cell
    ) }}

    union all

    {{ findings_of(
        ref('ctl_moved_findings'),
        without=[
            'question', 'target_group', 'item', 'reporting_form', 'value_compared', 'previous_period', 'value_before',
            'limit_value', 'population', 'detail', 'wording'
        ]
    ) }}
),

slips as (
    select distinct
        survey,
        time_period,
        unit_code,
        target_group
    from findings
    -- Changes and rates are computed from the services.
    where finding = 'tenfold' and question = 'fte_by_service'
),

asked as (
    select findings.*
    from findings
    left join slips
        on findings.survey = slips.survey
        and findings.time_period = slips.time_period
        and findings.unit_code = slips.unit_code
        and findings.target_group = slips.target_group
    where slips.unit_code is null or findings.finding not in ('large_change', 'rate_above_limit')
),

keyed as (
    select
        concat_ws(
            '|',
            survey,
            time_period,
            coalesce(unit_code, concat_ws(':', file, sheet, row_number)),
            finding,
            coalesce(question, ''),
            coalesce(target_group, ''),
            coalesce(item, ''),
            coalesce(reporting_form, '')
        ) as subject,
        *
    from asked
),

numbered as (
    -- Several boxes of one question, or several rows for one cell.
    select
        *,
        row_number() over (partition by subject order by file, sheet, row_number, column_number) as occurrence
    from keyed
)

select
    case when occurrence = 1 then subject else concat_ws('|', subject, occurrence) end as finding_key,
    survey,
    time_period,
    unit_code,
    finding,
    question,
    target_group,
    item,
    reporting_form,
    value,
    value_compared,
    previous_period,
    value_before,
    limit_value,
    population,
    effect,
    detail,
    wording,
    file,
    sheet,
    row_number,
    column_number,
    header
from numbered
