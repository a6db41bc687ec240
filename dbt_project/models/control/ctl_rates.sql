with units as (
    select * from {{ ref('ctl_units') }}
),

whole_municipalities as (
    -- Municipalities whose parts report for themselves.
    select
        units.time_period,
        places.municipality_code,
        units.target_group,
        min(units.series) as series,
        min(places.size_group) as size_group,
        sum(units.population) as population,
        {{ exact('sum(units.fte)') }} as fte,
        {{ exact('sum(case when units.is_comparable then units.fte_before end)') }} as fte_before,
        max(case when units.is_comparable then units.previous_period end) as previous_period
    from units
    inner join {{ ref('int_units') }} as places
        on units.time_period = places.time_period
        and units.unit_code = places.unit_code
    where places.unit_level != 'municipality'
    group by units.time_period, places.municipality_code, units.target_group
    -- The FTE of a part that did not report are unknown.
    having count(*) = count(units.fte)
),

reported as (
    select
        series,
        time_period,
        unit_code,
        target_group,
        size_group,
        population,
        fte,
        case when is_comparable then fte_before end as fte_before,
        case when is_comparable then previous_period end as previous_period
    from units
    where fte is not null and population > 0

    union all

    select
        series,
        time_period,
        municipality_code as unit_code,
        target_group,
        size_group,
        population,
        fte,
        fte_before,
        previous_period
    from whole_municipalities
),

limits as (
    select
        time_period,
        size_group,
        target_group,
        {{ quantile_of('cast(fte as double) / population', 0.5) }} as median,
        {{ quantile_of('cast(fte as double) / population', 0.75) }}
        + {{ limit_of('control_whisker') }} * (
            {{ quantile_of('cast(fte as double) / population', 0.75) }}
            - {{ quantile_of('cast(fte as double) / population', 0.25) }}
        ) as upper_limit
    from reported
    group by time_period, size_group, target_group
    having count(*) >= {{ limit_of('control_min_group') }}
)

select
    reported.series as survey,
    reported.time_period,
    reported.unit_code,
    'rate_above_limit' as finding,
    'fte_by_service' as question,
    reported.target_group,
    reported.fte as value,
    reported.previous_period,
    reported.fte_before as value_before,
    {{ exact('limits.upper_limit * reported.population') }} as limit_value,
    reported.population,
    {{ exact('reported.fte - limits.median * reported.population') }} as effect
from reported
inner join limits
    on reported.time_period = limits.time_period
    and reported.size_group = limits.size_group
    and reported.target_group = limits.target_group
where cast(reported.fte as double) / reported.population > limits.upper_limit
