select
    time_period,
    series,
    unit_level,
    unit_code,
    unit_name,
    area_basis,
    target_group,
    pathway,
    {{ public_measure('fte') }} as fte,
    {{ public_ratio('share') }} as share,
    cast(units_answered as integer) as units_answered,
    cast(units_total as integer) as units_total,
    {{ public_ratio('imputed_share') }} as imputed_share,
    series_break,
    obs_status,
    absence_reason,
    obs_note
from {{ ref('mart_fte_by_pathway') }}
