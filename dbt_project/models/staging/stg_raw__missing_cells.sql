select
    {{ key_of_row(key_of_sheet('missing_cells'), 'missing_cells.row_number') }} as row_key,
    missing_cells.column_number
from {{ source('raw', 'missing_cells') }} as missing_cells
