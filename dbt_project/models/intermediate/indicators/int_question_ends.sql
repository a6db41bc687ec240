with asked as (
    select
        indicator,
        max(time_period) as last_period
    from {{ ref('int_indicator_rounds') }}
    where units != 'anonymous'
    group by indicator
),

ends as (
    select
        asked.indicator,
        min(rounds.time_period) as time_period
    from asked
    inner join {{ ref('int_rounds') }} as rounds
        on rounds.is_delivered
        and asked.last_period < rounds.time_period
    group by asked.indicator
),

signed as (
    select * from {{ ref('stg_indicators__question_ends') }}
),

printed as (
    select
        names.indicator,
        max(figures.time_period) as last_printed
    from {{ ref('int_indicator_names') }} as names
    inner join {{ ref('stg_published__figures') }} as figures
        on names.source_id = figures.source_id
        and names.name = coalesce(figures.dimension['question'], figures.measure)
    where figures.value is not null
    group by names.indicator
)

select
    ends.indicator,
    ends.time_period,
    -- A question missing from a delivery may still have been in the form.
    coalesce(
        signed.state,
        case when printed.last_printed >= ends.time_period then 'asked' end,
        'unknown'
    ) as state,
    signed.successor
from ends
left join signed
    on ends.indicator = signed.indicator
    and ends.time_period = signed.time_period
left join printed
    on ends.indicator = printed.indicator
