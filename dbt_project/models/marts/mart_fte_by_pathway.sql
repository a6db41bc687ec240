-- FTE by pathway on every level and both area bases, from the first round that asked. units_answered counts the units that
-- filled in pathways, which not all do that report FTE.
with observations as (
    select * from {{ ref('int_fte_observations') }}
    where question = 'fte_by_pathway'
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
    observations.category as pathway,
    observations.fte,
    cast(observations.fte as double) / nullif(cast(totals.fte as double), 0) as share,
    totals.units_answered,
    totals.units_total,
    observations.imputed_share,
    observations.series_break,
    observations.obs_status,
    observations.absence_reason,
    observations.obs_note
from observations
inner join totals
    on observations.time_period = totals.time_period
    and observations.area_basis = totals.area_basis
    and observations.unit_level = totals.unit_level
    and observations.unit_code = totals.unit_code
    and observations.target_group = totals.target_group
