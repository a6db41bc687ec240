with municipality_rates as (
    select
        fte.time_period,
        fte.area_basis,
        fte.unit_code as municipality_code,
        fte.target_group,
        fte.category,
        cast(fte.fte as double) / nullif(cast(populations.population as double), 0) * 10000 as fte_per_10000
    from {{ ref('int_fte_observations') }} as fte
    inner join {{ ref('int_area_populations') }} as populations
        on fte.time_period = populations.time_period
        and {{ same_area('fte', 'populations') }}
        and fte.target_group = populations.target_group
    where fte.question = 'fte_by_service' and fte.unit_level = 'municipality'
),

municipality_areas as (
    select * from {{ ref('int_municipality_areas') }}
    where unit_level in ('country', 'county', 'size_group')
)

select
    areas.time_period,
    areas.area_basis,
    areas.unit_level,
    areas.unit_code,
    rates.target_group,
    rates.category,
    {{ exact_mean('rates.fte_per_10000') }} as fte_per_10000_unweighted
from municipality_areas as areas
inner join municipality_rates as rates
    on areas.time_period = rates.time_period
    and areas.area_basis = rates.area_basis
    and areas.municipality_code = rates.municipality_code
group by areas.time_period, areas.area_basis, areas.unit_level, areas.unit_code, rates.target_group, rates.category
