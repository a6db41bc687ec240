with recursive rounds as (
    select
        series,
        time_period
    from {{ ref('int_rounds') }}
    where is_delivered
),

yearly as (
    select * from {{ ref('int_unit_successors') }}
    where target_period = time_period + 1
),

steps as (
    select
        yearly.time_period as earlier_period,
        yearly.unit_code as predecessor_code,
        yearly.target_period as time_period,
        yearly.successor_code as unit_code,
        yearly.weight_adults,
        yearly.weight_children
    from yearly
    inner join rounds
        on yearly.time_period = rounds.time_period

    union all

    select
        steps.earlier_period,
        steps.predecessor_code,
        yearly.target_period as time_period,
        yearly.successor_code as unit_code,
        {{ exact('steps.weight_adults * yearly.weight_adults') }} as weight_adults,
        {{ exact('steps.weight_children * yearly.weight_children') }} as weight_children
    from steps
    inner join yearly
        on steps.time_period = yearly.time_period
        and steps.unit_code = yearly.unit_code
)

select
    steps.time_period,
    steps.unit_code,
    steps.earlier_period,
    steps.predecessor_code,
    -- One unknown weight makes the sum unknown.
    case when count(*) = count(steps.weight_adults) then {{ exact('sum(steps.weight_adults)') }} end as weight_adults,
    case when count(*) = count(steps.weight_children) then {{ exact('sum(steps.weight_children)') }} end as weight_children
from steps
inner join rounds
    on steps.time_period = rounds.time_period
inner join rounds as earlier_rounds
    on steps.earlier_period = earlier_rounds.time_period
    and rounds.series = earlier_rounds.series
group by steps.time_period, steps.unit_code, steps.earlier_period, steps.predecessor_code
