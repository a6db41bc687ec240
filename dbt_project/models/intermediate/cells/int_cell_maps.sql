with cells as (
    select * from {{ ref('stg_raw__cells') }}
    where is_below_header
),

columns as (
    select * from {{ ref('stg_forms__columns') }}
    where use != 'absent'
),

conditions as (
    select * from {{ ref('stg_forms__conditions') }}
),

met as (
    select
        cells.row_key,
        conditions.line,
        count(*) as met_count
    from cells
    inner join conditions
        on cells.form = conditions.form
        and cells.header = conditions.header
        and cells.text = conditions.text
    group by cells.row_key, conditions.line
)

select
    cells.row_key,
    cells.column_number,
    min(columns.line) as line,
    count(*) as line_count
from cells
inner join columns
    on cells.form = columns.form
    and cells.layout = columns.layout
    and cells.header = columns.header
left join met
    on cells.row_key = met.row_key
    and columns.line = met.line
where columns.condition_count = 0 or columns.condition_count = met.met_count
group by cells.row_key, cells.column_number
