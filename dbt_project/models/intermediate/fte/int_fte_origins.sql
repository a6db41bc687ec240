with recursive sources as (
    select * from {{ ref('int_fte_sources') }}
),

delivered as (
    select
        series,
        time_period
    from {{ ref('int_rounds') }}
    where is_delivered
),

beginnings as (
    select
        series,
        min(time_period) as time_period
    from delivered
    group by series
),

yearly as (
    select * from {{ ref('int_unit_successors') }}
    where target_period = time_period + 1
),

ways as (
    select
        sources.series,
        sources.time_period,
        sources.unit_code,
        sources.question,
        sources.target_group,
        sources.source,
        sources.time_period as earlier_period,
        sources.unit_code as earlier_code,
        sources.earliest_period,
        sources.takes_carried,
        cast(null as integer) as origin_period,
        {{ exact('1') }} as weight_adults,
        {{ exact('1') }} as weight_children,
        false as is_split,
        false as is_last,
        false as is_weight_estimated,
        0 as step_count,
        'open' as state
    from sources
    where sources.source != 'reported'

    union all

    select
        ways.series,
        ways.time_period,
        ways.unit_code,
        ways.question,
        ways.target_group,
        ways.source,
        yearly.time_period as earlier_period,
        yearly.unit_code as earlier_code,
        -- A value carried forward in several steps must keep the limit of each; a confirmed value starts again from its own
        -- year.
        case
            when found.source = 'carried_forward' then greatest(ways.earliest_period, found.earliest_period)
            else coalesce(found.earliest_period, ways.earliest_period)
        end as earliest_period,
        coalesce(found.takes_carried, ways.takes_carried) as takes_carried,
        coalesce(
            ways.origin_period, case when found.source in ('reported', 'confirmed') then yearly.time_period end
        ) as origin_period,
        {{ exact('ways.weight_adults * yearly.weight_adults') }} as weight_adults,
        {{ exact('ways.weight_children * yearly.weight_children') }} as weight_children,
        ways.is_split or yearly.successor_count > 1 as is_split,
        yearly.is_last,
        ways.is_weight_estimated or yearly.is_weight_estimated as is_weight_estimated,
        ways.step_count + 1 as step_count,
        case
            when yearly.unit_code is null or yearly.time_period < ways.earliest_period then 'lost'
            when found.source = 'reported' then 'found'
            when found.source = 'confirmed' then 'open'
            when found.source = 'carried_forward' and ways.takes_carried then 'open'
            when found.source is null and delivered.series is null and yearly.time_period > beginnings.time_period
                then 'open'
            else 'lost'
        end as state
    from ways
    inner join beginnings
        on ways.series = beginnings.series
    left join yearly
        on ways.earlier_period = yearly.target_period
        and ways.earlier_code = yearly.successor_code
    left join sources as found
        on ways.series = found.series
        and yearly.time_period = found.time_period
        and yearly.unit_code = found.unit_code
        and ways.question = found.question
        and ways.target_group = found.target_group
    left join delivered
        on ways.series = delivered.series
        and yearly.time_period = delivered.time_period
    where ways.state = 'open'
),

lost as (
    select distinct
        time_period,
        unit_code,
        question,
        target_group
    from ways
    where state = 'lost'
)

select
    ways.series,
    ways.time_period,
    ways.unit_code,
    ways.question,
    ways.target_group,
    ways.source,
    ways.earlier_period,
    ways.earlier_code,
    ways.origin_period,
    ways.weight_adults,
    ways.weight_children,
    ways.is_split,
    -- The last successor takes the rest if the split happened in the only step, not in an earlier one.
    ways.step_count = 1 and ways.is_split and ways.is_last as takes_rest,
    ways.is_weight_estimated
from ways
left join lost
    on ways.time_period = lost.time_period
    and ways.unit_code = lost.unit_code
    and ways.question = lost.question
    and ways.target_group = lost.target_group
where ways.state = 'found' and lost.unit_code is null
