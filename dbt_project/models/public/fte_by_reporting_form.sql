select
    time_period,
    series,
    target_group,
    reporting_form,
    {{ public_measure('fte') }} as fte,
    cast(municipalities as integer) as municipalities,
    {{ public_ratio('share_of_municipalities') }} as share_of_municipalities,
    series_break,
    {{ public_status('observations.time_period', 'observations.series') }} as obs_status,
    absence_reason,
    obs_note,
    -- A value that was carried forward or confirmed comes from an earlier round.
    {{ is_constructed('observations.time_period', 'observations.series') }}
    or coalesce(observations.is_from_constructed, false) as is_constructed
from {{ ref('mart_fte_by_reporting_form') }} as observations
