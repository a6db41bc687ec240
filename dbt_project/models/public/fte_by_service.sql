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
    {{ public_ratio('imputed_share') }} as imputed_share,
    series_break,
    obs_status,
    absence_reason,
    obs_note
from {{ ref('mart_fte_by_service') }}
