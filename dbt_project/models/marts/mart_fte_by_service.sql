with observations as (
    select * from {{ ref('int_fte_observations') }}
    where question = 'fte_by_service'
),

populations as (
    select * from {{ ref('int_area_populations') }}
),

unweighted as (
    select * from {{ ref('int_fte_rates__unweighted') }}
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
