-- National FTE by category as printed, with both target groups together where only the two are printed.
with printed as (
    select * from {{ ref('int_fte_printed__country') }}
),

both_groups as (
    select
        time_period,
        'total' as target_group,
        breakdown,
        category,
        sum(fte) as fte,
        sum(fte_error) as fte_error,
        'sum_of_print' as obs_note
    from printed
    where target_group in ('adults', 'children')
    group by time_period, breakdown, category
    having count(*) = 2
)

select
    time_period,
    target_group,
    breakdown,
    category,
    fte,
    fte_error,
    'from_print' as obs_note
from printed

union all

select both_groups.*
from both_groups
left join printed
    on both_groups.time_period = printed.time_period
    and both_groups.target_group = printed.target_group
    and both_groups.breakdown = printed.breakdown
    and both_groups.category = printed.category
where printed.time_period is null
