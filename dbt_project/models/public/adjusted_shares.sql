select
    indicator,
    answer,
    item,
    time_period,
    unit_level,
    unit_code,
    unit_name,
    {{ public_ratio('share_of_answered') }} as share_of_answered,
    cast(n_answered as integer) as n_answered,
    cast(n_units as integer) as n_units,
    {{ public_ratio('standard_error') }} as standard_error,
    {{ public_ratio('expected_share') }} as expected_share,
    {{ public_ratio('standardised_share') }} as standardised_share,
    {{ is_constructed('shares.time_period') }} as is_constructed
from {{ ref('mart_adjusted_shares') }} as shares
