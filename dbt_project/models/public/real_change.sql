select
    time_period_from,
    time_period_to,
    target_group,
    {{ public_ratio('change_percent') }} as change_percent,
    {{ public_ratio('real_change_percent') }} as real_change_percent,
    {{ public_measure('change_fte') }} as change_fte,
    cast(municipalities_excluded as integer) as municipalities_excluded,
    {{ public_status('observations.time_period_to') }} as obs_status,
    absence_reason,
    obs_note,
    {{ is_constructed('observations.time_period_from') }}
    or {{ is_constructed('observations.time_period_to') }}
    or coalesce(observations.is_from_constructed, false) as is_constructed
from {{ ref('mart_real_change') }} as observations
