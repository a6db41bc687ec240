with pairs as (
    select
        series,
        time_period,
        unit_code,
        target_group,
        coalesce(size_group, 'none') as size_group,
        population,
        fte,
        previous_period,
        fte_before,
        cast(fte as double) + {{ limit_of('control_change_offset_fte') }} as raised,
        cast(fte_before as double) + {{ limit_of('control_change_offset_fte') }} as raised_before
    from {{ ref('ctl_units') }}
    where fte is not null and fte_before is not null and is_comparable and not is_half_missing
),

changes as (
    select
        *,
        ln(raised / raised_before) as change,
        -- A unit without FTE in both rounds does not show how much such units vary.
        fte > 0 or fte_before > 0 as is_informative
    from pairs
),

common_changes as (
    -- Per size group, and for all units together.
    select
        time_period,
        target_group,
        size_group,
        count(*) as change_count,
        {{ quantile_of('change', 0.5) }} as common_change
    from changes
    where is_informative
    group by grouping sets ((time_period, target_group, size_group), (time_period, target_group))
),

deviations as (
    select
        changes.*,
        coalesce(of_group.common_change, of_all.common_change) as common_change,
        changes.change - coalesce(of_group.common_change, of_all.common_change) as deviation
    from changes
    inner join common_changes as of_all
        on changes.time_period = of_all.time_period
        and changes.target_group = of_all.target_group
        and of_all.size_group is null
    left join common_changes as of_group
        on changes.time_period = of_group.time_period
        and changes.target_group = of_group.target_group
        and changes.size_group = of_group.size_group
        and of_group.change_count >= {{ limit_of('control_min_group') }}
    where changes.is_informative
),

rounds as (
    select distinct
        series,
        time_period
    from deviations
),

spreads as (
    select
        rounds.time_period,
        deviations.target_group,
        deviations.size_group,
        count(*) as deviation_count,
        1.4826 * {{ quantile_of('abs(deviations.deviation)', 0.5) }} as spread
    from rounds
    inner join deviations
        on rounds.series = deviations.series
        and rounds.time_period >= deviations.time_period
    group by grouping sets (
        (rounds.time_period, deviations.target_group, deviations.size_group),
        (rounds.time_period, deviations.target_group)
    )
),

own_spreads as (
    select
        later.time_period,
        later.unit_code,
        later.target_group,
        count(*) as pair_count,
        1.4826 * {{ quantile_of('abs(earlier.deviation)', 0.5) }} as spread
    from deviations as later
    inner join deviations as earlier
        on later.series = earlier.series
        and later.unit_code = earlier.unit_code
        and later.target_group = earlier.target_group
        and later.time_period > earlier.time_period
    group by later.time_period, later.unit_code, later.target_group
),

expected as (
    select
        deviations.*,
        {{ limit_of('control_change_spreads') }} * sqrt(
            (
                {{ limit_of('control_history_pairs') }} * power(coalesce(of_group.spread, of_all.spread), 2)
                + coalesce(own_spreads.pair_count * power(own_spreads.spread, 2), 0)
            ) / ({{ limit_of('control_history_pairs') }} + coalesce(own_spreads.pair_count, 0))
        ) as tolerance,
        deviations.raised_before * exp(deviations.common_change) - {{ limit_of('control_change_offset_fte') }}
            as expected_fte
    from deviations
    inner join spreads as of_all
        on deviations.time_period = of_all.time_period
        and deviations.target_group = of_all.target_group
        and of_all.size_group is null
    left join spreads as of_group
        on deviations.time_period = of_group.time_period
        and deviations.target_group = of_group.target_group
        and deviations.size_group = of_group.size_group
        and of_group.deviation_count >= {{ limit_of('control_min_group') }}
    left join own_spreads
        on deviations.time_period = own_spreads.time_period
        and deviations.unit_code = own_spreads.unit_code
        and deviations.target_group = own_spreads.target_group
)

select
    series as survey,
    time_period,
    unit_code,
    'large_change' as finding,
    'fte_by_service' as question,
    target_group,
    fte as value,
    previous_period,
    fte_before as value_before,
    greatest(
        {{ exact(
            'raised_before * exp(common_change + case when deviation > 0 then tolerance else -tolerance end) - '
            ~ limit_of('control_change_offset_fte')
        ) }},
        0
    ) as limit_value,
    population,
    {{ exact('abs(fte - expected_fte)') }} as effect
from expected
where
    abs(deviation) > tolerance
    and abs(fte - expected_fte) >= {{ limit_of('control_change_min_fte') }}
    and not (target_group = 'children' and fte = 0)
