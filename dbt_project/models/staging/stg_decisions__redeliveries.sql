select
    entry,
    time_period,
    delivery,
    unit_code,
    reason,
    decided_by,
    decided_on
from {{ source('decisions', 'redeliveries') }}
