select
    entry,
    time_period,
    indicator,
    reason,
    decided_by,
    decided_on
from {{ source('decisions', 'waiting_questions') }}
