with numbered as (
    select distinct
        form,
        file,
        sheet,
        layout,
        row_number
    from {{ source('raw', 'cells') }}
)

select
    {{ key_of_row('sheets.sheet_key', 'numbered.row_number') }} as row_key,
    sheets.sheet_key,
    numbered.form,
    numbered.file,
    numbered.sheet,
    numbered.layout,
    numbered.row_number,
    numbered.row_number >= sheets.first_row as is_below_header
from numbered
inner join {{ ref('stg_raw__sheets') }} as sheets
    on numbered.form = sheets.form
    and numbered.file = sheets.file
    and numbered.sheet = sheets.sheet
    and numbered.layout = sheets.layout
