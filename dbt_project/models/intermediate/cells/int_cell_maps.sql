-- Which line of the form's map holds for each cell below the header. A column of a long format has several lines,
-- each for the rows that meet its conditions.
with cells as (
    select * from {{ ref('stg_raw__cells') }}
    where is_below_header
),

columns as (
    select * from {{ ref('stg_forms__columns') }}
    where use != 'absent'
),

conditions as (
    select * from {{ source('forms', 'conditions') }}
),

met as (
    select
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        conditions.line,
        count(*) as met_count
    from cells
    inner join conditions
        on cells.form = conditions.form
        and cells.header = conditions.header
        and cells.text = conditions.text
    group by cells.form, cells.file, cells.sheet, cells.layout, cells.row_number, conditions.line
)

select
    cells.form,
    cells.file,
    cells.sheet,
    cells.layout,
    cells.row_number,
    cells.column_number,
    min(columns.line) as line,
    count(*) as line_count
from cells
inner join columns
    on cells.form = columns.form
    and cells.layout = columns.layout
    and cells.header = columns.header
left join met
    on cells.form = met.form
    and cells.file = met.file
    and cells.sheet = met.sheet
    and cells.layout = met.layout
    and cells.row_number = met.row_number
    and columns.line = met.line
where columns.condition_count = 0 or columns.condition_count = met.met_count
group by cells.form, cells.file, cells.sheet, cells.layout, cells.row_number, cells.column_number
