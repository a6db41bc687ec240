select
    decision,
    unit_code,
    time_period,
    file,
    sheet,
    row_number,
    reason,
    decided_by,
    decided_on
from {{ source('decisions', 'submissions') }}
