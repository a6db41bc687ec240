with rounds as (
    select * from {{ ref('int_survey_rounds') }}
    where is_delivered
),

units as (
    select * from {{ ref('int_units') }}
    where unit_level != 'remainder'
),

answering as (
    select distinct
        form,
        unit_code
    from {{ ref('int_counted_rows') }}
)

select
    rounds.form,
    rounds.series,
    rounds.survey,
    rounds.time_period,
    rounds.non_response,
    units.unit_code,
    units.unit_level,
    units.municipality_code,
    answering.unit_code is not null as has_answered
from rounds
inner join units
    on rounds.time_period = units.time_period
left join answering
    on rounds.form = answering.form
    and units.unit_code = answering.unit_code
