with rounds as (
    select * from {{ ref('int_rounds') }}
),

members as (
    select * from {{ ref('int_area_members') }}
    where area_basis = 'reported' and unit_level in ('country', 'size_group')
),

granted as (
    select
        answers.form,
        answers.question as indicator,
        members.unit_level,
        members.unit_code,
        units.municipality_code,
        sum(answers.number_value) as amount_nok,
        bool_or(answers.is_corrected) as is_corrected
    from {{ ref('int_counted_answers') }} as answers
    inner join rounds
        on answers.form = rounds.form
    inner join members
        on rounds.time_period = members.time_period
        and answers.unit_code = members.member_code
    inner join {{ ref('int_units') }} as units
        on rounds.time_period = units.time_period
        and answers.unit_code = units.unit_code
    where answers.measure_unit = 'nok' and answers.number_value is not null
    group by answers.form, answers.question, members.unit_level, members.unit_code, units.municipality_code
),

amounts as (
    select
        form,
        indicator,
        unit_level,
        unit_code,
        sum(amount_nok) as amount_nok,
        count(*) as n_answered,
        sum(case when amount_nok != 0 then 1 else 0 end) as n_granted,
        bool_or(is_corrected) as is_corrected
    from granted
    group by form, indicator, unit_level, unit_code
),

responded as (
    select
        responses.form,
        members.unit_level,
        members.unit_code,
        count(distinct responses.municipality_code) as n_responded
    from {{ ref('int_unit_responses') }} as responses
    inner join members
        on responses.time_period = members.time_period
        and responses.unit_code = members.member_code
    where responses.has_answered
    group by responses.form, members.unit_level, members.unit_code
)

select
    amounts.form,
    amounts.indicator,
    amounts.unit_level,
    amounts.unit_code,
    amounts.amount_nok,
    amounts.n_answered,
    amounts.n_granted,
    responded.n_responded - amounts.n_answered as n_left_blank,
    amounts.is_corrected
from amounts
left join responded
    on amounts.form = responded.form
    and amounts.unit_level = responded.unit_level
    and amounts.unit_code = responded.unit_code
