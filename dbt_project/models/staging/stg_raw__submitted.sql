select
    {{ key_of_row(key_of_sheet('submitted'), 'submitted.row_number') }} as row_key,
    submitted.submitted_at,
    submitted.instant
from {{ source('raw', 'submitted') }} as submitted
