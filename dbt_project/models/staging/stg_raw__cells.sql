-- Delivered cells with the header of their column: the text as delivered, and without blanks at its ends. Cells above the
-- first row of data have no meaning of their own. A cell that the form leaves out says nothing; a file can declare itself
-- that a value is missing (SPSS).
with cells as (
    select * from {{ source('raw', 'cells') }}
),

columns as (
    select * from {{ source('raw', 'columns') }}
),

sheets as (
    select * from {{ source('raw', 'sheets') }}
),

missing_cells as (
    select * from {{ source('raw', 'missing_cells') }}
)

select
    cells.form,
    cells.file,
    cells.sheet,
    cells.layout,
    cells.row_number,
    cells.column_number,
    columns.header,
    cells.text as text_delivered,
    case when cells.left_out is null then {{ single_blanks(trimmed('cells.text')) }} else '' end as text,
    cells.kind,
    cells.left_out,
    cells.row_number >= sheets.first_row as is_below_header,
    missing_cells.form is not null as is_declared_missing
from cells
inner join sheets
    on cells.form = sheets.form
    and cells.file = sheets.file
    and cells.sheet = sheets.sheet
    and cells.layout = sheets.layout
left join columns
    on cells.form = columns.form
    and cells.file = columns.file
    and cells.sheet = columns.sheet
    and cells.layout = columns.layout
    and cells.column_number = columns.column_number
left join missing_cells
    on cells.form = missing_cells.form
    and cells.file = missing_cells.file
    and cells.sheet = missing_cells.sheet
    and cells.layout = missing_cells.layout
    and cells.row_number = missing_cells.row_number
    and cells.column_number = missing_cells.column_number
