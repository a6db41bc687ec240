select
    time_period,
    series,
    target_group,
    reporting_form,
    {{ public_measure('fte') }} as fte,
    cast(municipalities as integer) as municipalities,
    {{ public_ratio('share_of_municipalities') }} as share_of_municipalities,
    series_break,
    obs_status,
    absence_reason,
    obs_note
from {{ ref('mart_fte_by_reporting_form') }}
