select
    {{ key_of_sheet('sheets') }} as sheet_key,
    sheets.form,
    sheets.file,
    sheets.sheet,
    sheets.layout,
    sheets.first_row,
    sheets.row_count,
    sheets.column_count,
    sheets.cell_count
from {{ source('raw', 'sheets') }} as sheets
