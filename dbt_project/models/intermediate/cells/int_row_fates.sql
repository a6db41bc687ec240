-- Every row of a delivery and whether it is data: rows above the data, rows that the form declares as no data (the
-- first rule that fits counts) with the cell that makes them so, and data.
with cells as (
    select * from {{ ref('stg_raw__cells') }}
),

row_rules as (
    select * from {{ source('forms', 'row_rules') }}
),

all_rows as (
    select
        form,
        file,
        sheet,
        layout,
        row_number,
        bool_and(is_below_header) as is_below_header,
        bool_and(text = '') as is_blank
    from cells
    group by form, file, sheet, layout, row_number
),

fitting as (
    select
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        row_rules.reason,
        cells.header,
        cells.text,
        row_number() over (
            partition by cells.form, cells.file, cells.sheet, cells.layout, cells.row_number
            order by row_rules.rule_order
        ) as choice
    from cells
    inner join row_rules
        on cells.form = row_rules.form
        and cells.layout = row_rules.layout
        and cells.header = row_rules.header
    where cells.is_below_header and {{ matches_whole('cells.text', 'row_rules.pattern') }}
)

select
    all_rows.form,
    all_rows.file,
    all_rows.sheet,
    all_rows.layout,
    all_rows.row_number,
    case
        when not all_rows.is_below_header then 'header'
        when fitting.reason is not null then fitting.reason
        when all_rows.is_blank then 'blank_row'
    end as ignored_reason,
    -- The cell that says so.
    fitting.header as ignored_header,
    fitting.text as ignored_text
from all_rows
left join fitting
    on all_rows.form = fitting.form
    and all_rows.file = fitting.file
    and all_rows.sheet = fitting.sheet
    and all_rows.layout = fitting.layout
    and all_rows.row_number = fitting.row_number
    and fitting.choice = 1
