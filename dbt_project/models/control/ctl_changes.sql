-- large_change: the FTE of a target group lie further from what was to be expected than the unit's own history and its size
-- explain. In steps:
-- 1. The change is the logarithm of the ratio of this round to the last one that the ground of the unit reported in full,
--    with an offset added to both. Nothing is compared across a break after which years cannot be compared.
-- 2. The common change, the median of the size group, is taken out. So years are re-based at every break that all units
--    share (coverage, geography), and only what a unit did otherwise than its like counts.
-- 3. The usual variation of the size group is the spread of these deviations in all rounds of the series up to this one
--    (1.4826 times the median of their size, which a few errors do not move). It is combined with that of the unit's own
--    earlier deviations, by their number against control_history_pairs.
-- 4. A change is large when it deviates more than control_change_spreads of this variation and, in FTE, at least
--    control_change_min_fte. The effect is the distance from the expected FTE.
-- A zero of children's FTE and a half that is missing are findings of their own.
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
        -- Nothing both times says nothing about how much such units vary.
        fte > 0 or fte_before > 0 as is_informative
    from pairs
),

group_changes as (
    select
        time_period,
        target_group,
        size_group,
        {{ quantile_of('change', 0.5) }} as common_change
    from changes
    where is_informative
    group by time_period, target_group, size_group
    having count(*) >= {{ limit_of('control_min_group') }}
),

all_changes as (
    select
        time_period,
        target_group,
        {{ quantile_of('change', 0.5) }} as common_change
    from changes
    where is_informative
    group by time_period, target_group
),

deviations as (
    select
        changes.*,
        coalesce(group_changes.common_change, all_changes.common_change) as common_change,
        changes.change - coalesce(group_changes.common_change, all_changes.common_change) as deviation
    from changes
    inner join all_changes
        on changes.time_period = all_changes.time_period
        and changes.target_group = all_changes.target_group
    left join group_changes
        on changes.time_period = group_changes.time_period
        and changes.target_group = group_changes.target_group
        and changes.size_group = group_changes.size_group
    where changes.is_informative
),

rounds as (
    select distinct
        series,
        time_period
    from deviations
),

group_spreads as (
    select
        rounds.time_period,
        deviations.target_group,
        deviations.size_group,
        1.4826 * {{ quantile_of('abs(deviations.deviation)', 0.5) }} as spread
    from rounds
    inner join deviations
        on rounds.series = deviations.series
        and rounds.time_period >= deviations.time_period
    group by rounds.time_period, deviations.target_group, deviations.size_group
    having count(*) >= {{ limit_of('control_min_group') }}
),

all_spreads as (
    select
        rounds.time_period,
        deviations.target_group,
        1.4826 * {{ quantile_of('abs(deviations.deviation)', 0.5) }} as spread
    from rounds
    inner join deviations
        on rounds.series = deviations.series
        and rounds.time_period >= deviations.time_period
    group by rounds.time_period, deviations.target_group
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
                {{ limit_of('control_history_pairs') }} * power(coalesce(group_spreads.spread, all_spreads.spread), 2)
                + coalesce(own_spreads.pair_count * power(own_spreads.spread, 2), 0)
            ) / ({{ limit_of('control_history_pairs') }} + coalesce(own_spreads.pair_count, 0))
        ) as tolerance,
        deviations.raised_before * exp(deviations.common_change) - {{ limit_of('control_change_offset_fte') }}
            as expected_fte
    from deviations
    inner join all_spreads
        on deviations.time_period = all_spreads.time_period
        and deviations.target_group = all_spreads.target_group
    left join group_spreads
        on deviations.time_period = group_spreads.time_period
        and deviations.target_group = group_spreads.target_group
        and deviations.size_group = group_spreads.size_group
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
