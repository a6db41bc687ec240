with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
    where population_asked != 'all'
),

choices as (
    select * from {{ ref('int_indicator_choices') }}
    where is_chosen
),

conditions as (
    select
        form,
        indicator,
        item,
        split_part(condition, '=', 1) as source_indicator,
        split_part(condition, '=', 2) as source_answer
    from (
        select
            form,
            indicator,
            item,
            {{ each_of(parts_of('population_asked', '|')) }} as condition
        from rounds
    ) as routed
)

select distinct
    conditions.form,
    choices.time_period,
    conditions.indicator,
    conditions.item,
    choices.unit_code
from conditions
inner join choices
    on conditions.form = choices.form
    and conditions.source_indicator = choices.indicator
    and conditions.source_answer = choices.answer
