with shown as (
    select * from {{ ref('mart_fte_distribution__areas') }}
),

rates as (
    -- The rates whose mean is in int_fte_rates__unweighted.
    select
        figures.time_period,
        figures.area_basis,
        areas.unit_level,
        areas.unit_code,
        figures.target_group,
        figures.fte_per_10000
    from {{ ref('mart_fte_by_service') }} as figures
    inner join {{ ref('int_municipality_areas') }} as areas
        on figures.time_period = areas.time_period
        and figures.area_basis = areas.area_basis
        and figures.unit_code = areas.municipality_code
    where
        figures.unit_level = 'municipality'
        and figures.service_type = 'total'
        and figures.fte_per_10000 is not null
        and areas.unit_level in ('country', 'county', 'size_group', 'kostra_group')
),

quartiles as (
    select
        time_period,
        area_basis,
        unit_level,
        unit_code,
        target_group,
        count(*) as n_units,
        {{ exact_mean('fte_per_10000') }} as mean,
        {{ quantile_of('fte_per_10000', 0.25) }} as quartile_1,
        {{ quantile_of('fte_per_10000', 0.5) }} as median,
        {{ quantile_of('fte_per_10000', 0.75) }} as quartile_3
    from rates
    group by time_period, area_basis, unit_level, unit_code, target_group
),

fences as (
    select
        *,
        quartile_1 - {{ limit_of('distribution_whisker') }} * (quartile_3 - quartile_1) as lower_fence,
        quartile_3 + {{ limit_of('distribution_whisker') }} * (quartile_3 - quartile_1) as upper_fence
    from quartiles
    where n_units >= {{ limit_of('distribution_min_units') }}
),

whiskers as (
    select
        fences.time_period,
        fences.area_basis,
        fences.unit_level,
        fences.unit_code,
        fences.target_group,
        -- A whisker never ends inside the box, whose ends may lie between two rates.
        least(
            min(fences.quartile_1),
            min(case when rates.fte_per_10000 >= fences.lower_fence then rates.fte_per_10000 end)
        ) as lower_whisker,
        greatest(
            max(fences.quartile_3),
            max(case when rates.fte_per_10000 <= fences.upper_fence then rates.fte_per_10000 end)
        ) as upper_whisker,
        sum(case when rates.fte_per_10000 < fences.lower_fence then 1 else 0 end) as n_low_outliers,
        sum(case when rates.fte_per_10000 > fences.upper_fence then 1 else 0 end) as n_high_outliers
    from fences
    inner join rates
        on fences.time_period = rates.time_period
        and {{ same_area('fences', 'rates') }}
        and fences.target_group = rates.target_group
    group by fences.time_period, fences.area_basis, fences.unit_level, fences.unit_code, fences.target_group
)

select
    shown.time_period,
    shown.series,
    shown.unit_level,
    shown.unit_code,
    shown.unit_name,
    shown.area_basis,
    shown.target_group,
    fences.median,
    fences.mean,
    fences.quartile_1,
    fences.quartile_3,
    whiskers.lower_whisker,
    whiskers.upper_whisker,
    whiskers.n_low_outliers,
    whiskers.n_high_outliers,
    quartiles.n_units,
    shown.n_municipalities,
    shown.series_break,
    case
        when shown.absence_reason is null and fences.median is null then {{ absence_status("'too_few_units'") }}
        else shown.obs_status
    end as obs_status,
    case when fences.median is null then coalesce(shown.absence_reason, 'too_few_units') end as absence_reason,
    case when fences.median is not null then shown.obs_note end as obs_note,
    shown.is_from_constructed
from shown
left join quartiles
    on shown.time_period = quartiles.time_period
    and {{ same_area('shown', 'quartiles') }}
    and shown.target_group = quartiles.target_group
left join fences
    on shown.time_period = fences.time_period
    and {{ same_area('shown', 'fences') }}
    and shown.target_group = fences.target_group
left join whiskers
    on shown.time_period = whiskers.time_period
    and {{ same_area('shown', 'whiskers') }}
    and shown.target_group = whiskers.target_group
