-- FTE by service, on every level, with the population and both rates. The country has every round and category; other
-- levels have the rounds and categories for which units have figures.
-- Which figure counts: for the country the printed total before the sum of printed units, since those are rounded.
with rounds as (
    select * from {{ ref('int_rounds') }}
),

categories as (
    select
        groups.code as target_group,
        services.code as service_type
    from {{ ref('stg_classifications__codelists') }} as groups
    inner join {{ ref('stg_classifications__codelists') }} as services
        on services.codelist = 'service_type'
        and (groups.code = services.parent or services.code = 'total')
    where groups.codelist = 'target_group'
),

areas as (
    select * from {{ ref('int_areas') }}
),

area_fte as (
    select * from {{ ref('int_fte__area') }}
),

printed as (
    select * from {{ ref('int_fte_printed__country') }}
    where breakdown = 'service_type'
),

populations as (
    select * from {{ ref('int_area_populations') }}
),

unweighted as (
    select * from {{ ref('int_fte_rates__unweighted') }}
),

unit_categories as (
    select distinct
        time_period,
        target_group,
        service_type
    from {{ ref('int_fte__unit') }}
),

grid as (
    select
        rounds.time_period,
        rounds.series,
        areas.area_basis,
        areas.unit_level,
        areas.unit_code,
        areas.unit_name,
        categories.target_group,
        categories.service_type,
        coalesce(rounds.units_carried_forward, 0) > 0 as has_carried_forward,
        rounds.units_carried_forward = 0 as has_none_carried_forward
    from rounds
    inner join areas
        on rounds.time_period = areas.time_period
    cross join categories
    left join unit_categories
        on rounds.time_period = unit_categories.time_period
        and categories.target_group = unit_categories.target_group
        and categories.service_type = unit_categories.service_type
    where areas.unit_level = 'country' or unit_categories.time_period is not null
),

figures as (
    select
        grid.*,
        populations.population,
        case when grid.unit_level = 'country' and printed.fte is not null then printed.fte else area_fte.fte end as fte,
        case when grid.unit_level = 'country' and printed.fte is not null then printed.fte_error else area_fte.fte_error end
            as fte_error,
        case
            when grid.unit_level = 'country' and printed.fte is not null then 'from_print'
            when area_fte.units_with_value > 1 and area_fte.unit_note = 'from_print' then 'sum_of_print'
            else area_fte.unit_note
        end as obs_note,
        unweighted.fte_per_10000_unweighted,
        lag(grid.time_period) over (
            partition by grid.area_basis, grid.unit_level, grid.unit_code, grid.target_group, grid.service_type
            order by grid.time_period
        ) as previous_period
    from grid
    left join area_fte
        on grid.time_period = area_fte.time_period
        and grid.area_basis = area_fte.area_basis
        and grid.unit_level = area_fte.unit_level
        and grid.unit_code = area_fte.unit_code
        and grid.target_group = area_fte.target_group
        and grid.service_type = area_fte.service_type
    left join printed
        on grid.unit_level = 'country'
        and grid.time_period = printed.time_period
        and grid.target_group = printed.target_group
        and grid.service_type = printed.category
    left join populations
        on grid.time_period = populations.time_period
        and grid.area_basis = populations.area_basis
        and grid.unit_level = populations.unit_level
        and grid.unit_code = populations.unit_code
        and grid.target_group = populations.target_group
    left join unweighted
        on grid.time_period = unweighted.time_period
        and grid.area_basis = unweighted.area_basis
        and grid.unit_level = unweighted.unit_level
        and grid.unit_code = unweighted.unit_code
        and grid.target_group = unweighted.target_group
        and grid.service_type = unweighted.service_type
),

reasons as (
    select
        *,
        case when fte is null then 'not_delivered' end as absence_reason
    from figures
)

select
    reasons.time_period,
    reasons.series,
    reasons.unit_level,
    reasons.unit_code,
    reasons.unit_name,
    reasons.area_basis,
    reasons.target_group,
    reasons.service_type,
    reasons.fte,
    reasons.fte_error,
    reasons.population,
    reasons.fte / nullif(reasons.population, 0) * 10000 as fte_per_10000,
    reasons.fte_per_10000_unweighted,
    -- Print does not say how much of a total was carried forward; where nothing was, the share is 0.
    case when reasons.fte is not null and reasons.has_none_carried_forward then 0 end as imputed_share,
    {{ has_break("'fte_by_service'", 'reasons') }} as series_break,
    case
        when reasons.absence_reason is not null then {{ absence_status('reasons.absence_reason') }}
        when reasons.has_carried_forward then 'I'
        else 'A'
    end as obs_status,
    reasons.absence_reason,
    reasons.obs_note
from reasons
