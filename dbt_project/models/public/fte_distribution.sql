select
    time_period,
    series,
    unit_level,
    unit_code,
    unit_name,
    area_basis,
    target_group,
    {{ public_ratio('median') }} as median,
    {{ public_ratio('mean') }} as mean,
    {{ public_ratio('quartile_1') }} as quartile_1,
    {{ public_ratio('quartile_3') }} as quartile_3,
    {{ public_ratio('lower_whisker') }} as lower_whisker,
    {{ public_ratio('upper_whisker') }} as upper_whisker,
    cast(n_low_outliers as integer) as n_low_outliers,
    cast(n_high_outliers as integer) as n_high_outliers,
    cast(n_units as integer) as n_units,
    series_break,
    {{ public_status('observations.time_period', 'observations.series') }} as obs_status,
    absence_reason,
    obs_note,
    {{ is_constructed('observations.time_period', 'observations.series') }}
    or coalesce(observations.is_from_constructed, false) as is_constructed
from {{ ref('mart_fte_distribution') }} as observations
