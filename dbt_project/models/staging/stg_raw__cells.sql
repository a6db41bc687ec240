with cells as (
    select * from {{ source('raw', 'cells') }}
),

keyed as (
    select
        {{ key_of_row('sheets.sheet_key', 'cells.row_number') }} as row_key,
        sheets.sheet_key,
        cells.form,
        cells.layout,
        cells.column_number,
        cells.text,
        cells.kind,
        cells.left_out,
        cells.row_number >= sheets.first_row as is_below_header
    from cells
    inner join {{ ref('stg_raw__sheets') }} as sheets
        on cells.form = sheets.form
        and cells.file = sheets.file
        and cells.sheet = sheets.sheet
        and cells.layout = sheets.layout
)

select
    keyed.row_key,
    keyed.column_number,
    keyed.form,
    keyed.layout,
    columns.header,
    keyed.text as text_delivered,
    -- Text that the form leaves out has no meaning.
    case when keyed.left_out is null then {{ single_blanks(trimmed('keyed.text')) }} else '' end as text,
    keyed.kind,
    keyed.left_out,
    keyed.is_below_header,
    missing_cells.row_key is not null as is_declared_missing
from keyed
left join {{ ref('stg_raw__columns') }} as columns
    on keyed.sheet_key = columns.sheet_key
    and keyed.column_number = columns.column_number
left join {{ ref('stg_raw__missing_cells') }} as missing_cells
    on keyed.row_key = missing_cells.row_key
    and keyed.column_number = missing_cells.column_number
