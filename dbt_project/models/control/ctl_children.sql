with units as (
    select * from {{ ref('ctl_units') }}
    where target_group = 'children' and fte is not null and not is_half_missing
),

medians as (
    select
        time_period,
        size_group,
        {{ quantile_of('cast(fte as double) / population', 0.5) }} as median
    from units
    where population > 0
    group by time_period, size_group
),

larger as (
    -- A unit is not compared with itself.
    select
        *,
        (count(*) over like_units) - 1 as like_count,
        (sum(case when fte = 0 then 1 else 0 end) over like_units) - case when fte = 0 then 1 else 0 end as like_zeros,
        (count(*) over all_units) - 1 as all_count,
        (sum(case when fte = 0 then 1 else 0 end) over all_units) - case when fte = 0 then 1 else 0 end as all_zeros
    from units
    where population > 0
    window
        like_units as (
            partition by time_period, size_group
            order by population desc
            range between unbounded preceding and current row
        ),
        all_units as (
            partition by time_period
            order by population desc
            range between unbounded preceding and current row
        )
),

without as (
    select
        units.*,
        case when units.is_comparable and units.fte_before > 0 then units.fte_before end as comparable_before,
        medians.median * units.population as usual_fte,
        coalesce(
            case
                when larger.like_count >= {{ limit_of('control_min_group') }}
                    then larger.like_zeros < {{ limit_of('control_zero_share') }} * larger.like_count
                else larger.all_zeros < {{ limit_of('control_zero_share') }} * greatest(larger.all_count, 1)
            end,
            false
        ) as is_unlikely
    from units
    left join medians
        on units.time_period = medians.time_period
        and units.size_group = medians.size_group
    left join larger
        on units.time_period = larger.time_period
        and units.unit_code = larger.unit_code
    where units.fte = 0
)

select
    series as survey,
    time_period,
    unit_code,
    case when comparable_before is not null then 'no_children_fte_any_more' else 'no_children_fte_for_size' end as finding,
    'fte_by_service' as question,
    target_group,
    fte as value,
    case when comparable_before is not null then previous_period end as previous_period,
    comparable_before as value_before,
    population,
    {{ exact('coalesce(comparable_before, usual_fte, 0)') }} as effect
from without
where comparable_before is not null or is_unlikely
