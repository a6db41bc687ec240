with printed as (
    select * from {{ ref('int_reconciliation__printed_fte') }}
),

observations as (
    select * from {{ ref('int_fte_observations') }}
    where area_basis = 'reported' and fte is not null
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where area_basis = 'reported'
),

print_errors as (
    -- How far the FTE of a cell may lie from the printed ones.
    select
        unit_level,
        unit_code,
        breakdown,
        target_group,
        category,
        time_period,
        max(half_unit) as half_unit
    from printed
    where measure in ('fte_reported', 'fte_by_pathway')
    group by unit_level, unit_code, breakdown, target_group, category, time_period
),

rate_errors as (
    -- Rates are printed of totals.
    select
        unit_level,
        unit_code,
        target_group,
        'total' as category,
        time_period,
        max(half_unit) as half_unit
    from printed
    where measure = 'fte_per_10000'
    group by unit_level, unit_code, target_group, time_period
)

select
    observations.unit_level,
    observations.unit_code,
    observations.question as breakdown,
    observations.target_group,
    observations.category,
    observations.time_period,
    cast(observations.fte as double) as fte,
    cast(coalesce(print_errors.half_unit, 0) as double) as fte_error,
    cast(coalesce(rate_errors.half_unit, 0) as double) as rate_error,
    cast(populations.population as double) as population
from observations
left join print_errors
    on observations.unit_level = print_errors.unit_level
    and observations.unit_code = print_errors.unit_code
    and observations.question = print_errors.breakdown
    and observations.target_group = print_errors.target_group
    and observations.category = print_errors.category
    and observations.time_period = print_errors.time_period
left join rate_errors
    on observations.unit_level = rate_errors.unit_level
    and observations.unit_code = rate_errors.unit_code
    and observations.target_group = rate_errors.target_group
    and observations.category = rate_errors.category
    and observations.time_period = rate_errors.time_period
left join populations
    on observations.time_period = populations.time_period
    and observations.unit_level = populations.unit_level
    and observations.unit_code = populations.unit_code
    and observations.target_group = populations.target_group
