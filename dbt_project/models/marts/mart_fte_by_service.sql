with observations as (
    select * from {{ ref('int_fte_observations') }}
    where question = 'fte_by_service'
),

populations as (
    select * from {{ ref('int_area_populations') }}
),

unweighted as (
    select * from {{ ref('int_fte_rates__unweighted') }}
),

totals as (
    select * from observations
    where category = 'total'
)

select
    observations.time_period,
    observations.series,
    observations.unit_level,
    observations.unit_code,
    observations.unit_name,
    observations.area_basis,
    observations.target_group,
    observations.category as service_type,
    observations.fte,
    populations.population,
    cast(observations.fte as double) / nullif(cast(populations.population as double), 0) * 10000 as fte_per_10000,
    unweighted.fte_per_10000_unweighted,
    cast(observations.fte as double) / nullif(cast(own_total.fte as double), 0) as share,
    cast(observations.fte as double) / nullif(cast(both_groups.fte as double), 0) as share_of_both_groups,
    observations.coverage,
    observations.imputed_share,
    observations.series_break,
    observations.obs_status,
    observations.absence_reason,
    observations.obs_note,
    observations.is_from_constructed
from observations
left join populations
    on observations.time_period = populations.time_period
    and {{ same_area('observations', 'populations') }}
    and observations.target_group = populations.target_group
left join unweighted
    on observations.time_period = unweighted.time_period
    and {{ same_area('observations', 'unweighted') }}
    and observations.target_group = unweighted.target_group
    and observations.category = unweighted.category
left join totals as own_total
    on observations.time_period = own_total.time_period
    and {{ same_area('observations', 'own_total') }}
    and observations.target_group = own_total.target_group
left join totals as both_groups
    on observations.time_period = both_groups.time_period
    and {{ same_area('observations', 'both_groups') }}
    and both_groups.target_group = 'total'
