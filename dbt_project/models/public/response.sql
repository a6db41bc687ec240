select
    time_period,
    survey,
    unit_set,
    cast(units_answered as integer) as units_answered,
    cast(units_expected as integer) as units_expected,
    cast(units_carried_forward as integer) as units_carried_forward,
    cast(units_missing as integer) as units_missing,
    {{ public_ratio('imputed_fte_share') }} as imputed_fte_share,
    {{ public_status('observations.time_period', 'observations.survey') }} as obs_status,
    absence_reason,
    obs_note,
    {{ is_constructed('observations.time_period', 'observations.survey') }} as is_constructed
from {{ ref('mart_response') }} as observations
