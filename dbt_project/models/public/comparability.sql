select
    indicator,
    time_period_from,
    time_period_to,
    verdict,
    reason,
    derived_or_signed
from {{ ref('mart_comparability') }}
