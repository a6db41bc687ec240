select
    {{ key_of_row(key_of_sheet('repeated_headers'), 'repeated_headers.row_number') }} as row_key
from {{ source('raw', 'repeated_headers') }} as repeated_headers
