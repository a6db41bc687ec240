select
    {{ key_of_sheet('columns') }} as sheet_key,
    columns.column_number,
    columns.form,
    columns.layout,
    columns.header
from {{ source('raw', 'columns') }} as columns
