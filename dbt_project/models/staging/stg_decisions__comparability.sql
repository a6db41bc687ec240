select
    entry,
    indicator,
    time_period_from,
    time_period_to,
    verdict,
    reason,
    decided_by,
    decided_on
from {{ source('decisions', 'comparability') }}
