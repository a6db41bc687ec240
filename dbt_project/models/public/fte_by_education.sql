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
    {{ public_status('observations.time_period', 'observations.series') }} as obs_status,
    absence_reason,
    obs_note,
    -- A value that was carried forward is the year before's.
    {{ is_constructed('observations.time_period', 'observations.series') }}
    or (
        observations.obs_status = 'I'
        and {{ is_constructed('observations.time_period - 1', 'observations.series') }}
    ) as is_constructed
from {{ ref('mart_fte_by_education') }} as observations
