select
    indicator,
    item,
    time_period,
    unit_level,
    unit_code,
    unit_name,
    area_basis,
    {{ public_ratio('mean_score') }} as mean_score,
    cast(n_base as integer) as n_base,
    cast(n_answered as integer) as n_answered,
    unit_set,
    series_break,
    {{ public_status('observations.time_period') }} as obs_status,
    absence_reason,
    obs_note,
    {{ is_constructed('observations.time_period') }} as is_constructed
from {{ ref('mart_mean_scores') }} as observations
