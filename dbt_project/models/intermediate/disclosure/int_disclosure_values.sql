with tables as (
    select * from {{ ref('int_disclosure_tables') }}
),

responding as (
    select
        time_period,
        unit_code
    from {{ ref('int_unit_responses') }}
    where has_answered

    union

    select
        time_period,
        municipality_code as unit_code
    from {{ ref('int_unit_responses') }}
    where has_answered
),

answered as (
    select
        'indicator_shares' as subject,
        indicator,
        item,
        time_period,
        unit_code,
        coalesce({{ joined("case when is_chosen then answer end", '|', 'answer') }}, '') as answers
    from {{ ref('int_indicator_choices') }}
    group by indicator, item, time_period, unit_code

    union all

    select
        'amounts' as subject,
        answers.question as indicator,
        'all' as item,
        answers.time_period,
        units.municipality_code as unit_code,
        cast({{ exact('sum(answers.number_value)') }} as string) as answers
    from {{ ref('int_counted_answers') }} as answers
    inner join {{ ref('int_units') }} as units
        on answers.time_period = units.time_period
        and answers.unit_code = units.unit_code
    where answers.measure_unit = 'nok' and answers.number_value is not null
    group by answers.question, answers.time_period, units.municipality_code
),

units as (
    select distinct
        members.time_period,
        members.unit_set,
        members.member_code
    from {{ ref('int_unit_set_members') }} as members
    where members.area_basis = 'reported'
),

-- A unit that answered a question has answered, whatever the survey's own mark for the unit says.
known as (
    select
        tables.subject,
        tables.indicator,
        tables.item,
        tables.time_period,
        units.member_code,
        max(answered.answers) as answers,
        bool_or(responding.unit_code is not null or answered.unit_code is not null) as is_known
    from tables
    inner join units
        on tables.time_period = units.time_period
        and tables.unit_set = units.unit_set
    left join responding
        on units.time_period = responding.time_period
        and units.member_code = responding.unit_code
    left join answered
        on tables.subject = answered.subject
        and tables.indicator = answered.indicator
        and tables.item = answered.item
        and tables.time_period = answered.time_period
        and units.member_code = answered.unit_code
    group by tables.subject, tables.indicator, tables.item, tables.time_period, units.member_code
)

select
    subject,
    indicator,
    item,
    time_period,
    member_code,
    answers,
    {{ text_hash(
        "concat_ws('|', subject, indicator, item, cast(time_period as string), member_code, coalesce(answers, '-'))"
    ) }} as answer_sha256
from known
where is_known
