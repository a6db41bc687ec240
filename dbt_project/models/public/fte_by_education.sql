select
    time_period,
    series,
    unit_level,
    unit_code,
    unit_name,
    area_basis,
    target_group,
    education,
    {{ public_measure('fte') }} as fte,
    {{ public_ratio('share') }} as share,
    {{ public_ratio('imputed_share') }} as imputed_share,
    series_break,
    obs_status,
    absence_reason,
    obs_note
from {{ ref('mart_fte_by_education') }}
