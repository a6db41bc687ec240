with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
),

answers as (
    select * from {{ ref('int_indicator_answers') }}
),

all_rounds as (
    select * from {{ ref('int_rounds') }}
),

countries as (
    select * from {{ ref('int_unit_set_sizes') }}
    where unit_level = 'country'
),

figures as (
    select * from {{ ref('int_indicator_figures') }}
    where unit_level = 'country'
),

indicator_spans as (
    select
        rounds.indicator,
        rounds.item,
        answers.answer,
        min(rounds.time_period) as first_period,
        max(rounds.time_period) as last_period
    from rounds
    inner join answers
        on rounds.form = answers.form
        and rounds.indicator = answers.indicator
        and rounds.item = answers.item
    where rounds.units != 'anonymous'
    group by rounds.indicator, rounds.item, answers.answer
)

select
    indicator_spans.indicator,
    indicator_spans.answer,
    indicator_spans.item,
    all_rounds.time_period,
    countries.unit_level,
    countries.unit_code,
    countries.unit_name,
    countries.area_basis,
    countries.unit_set,
    case when all_rounds.is_delivered then 'not_asked' else 'not_delivered' end as absence_reason
from indicator_spans
inner join all_rounds
    on indicator_spans.first_period < all_rounds.time_period
    and indicator_spans.last_period > all_rounds.time_period
inner join countries
    on all_rounds.time_period = countries.time_period
    and countries.unit_set = 'with_agencies'
left join figures
    on indicator_spans.indicator = figures.indicator
    and indicator_spans.item = figures.item
    and indicator_spans.answer = figures.answer
    and all_rounds.time_period = figures.time_period
    and countries.area_basis = figures.area_basis
where figures.indicator is null
