select
    time_period,
    series,
    unit_level,
    unit_code,
    unit_name,
    area_basis,
    target_group,
    service_type,
    {{ public_measure('fte') }} as fte,
    {{ public_measure('population') }} as population,
    {{ public_ratio('fte_per_10000') }} as fte_per_10000,
    {{ public_ratio('fte_per_10000_unweighted') }} as fte_per_10000_unweighted,
    {{ public_ratio('share') }} as share,
    {{ public_ratio('share_of_both_groups') }} as share_of_both_groups,
    {{ public_ratio('coverage') }} as coverage,
    {{ public_ratio('imputed_share') }} as imputed_share,
    series_break,
    {{ public_status('observations.time_period', 'observations.series') }} as obs_status,
    absence_reason,
    obs_note,
    -- A value that was carried forward or confirmed comes from an earlier round.
    {{ is_constructed('observations.time_period', 'observations.series') }}
    or coalesce(observations.is_from_constructed, false) as is_constructed
from {{ ref('mart_fte_by_service') }} as observations
