select
    time_period,
    survey,
    unit_set,
    units_answered,
    units_expected,
    units_carried_forward,
    units_missing,
    {{ public_ratio('imputed_fte_share') }} as imputed_fte_share,
    printed_total,
    obs_status,
    absence_reason,
    obs_note
from {{ ref('mart_response') }}
