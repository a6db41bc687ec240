with conditions as (
    select distinct
        form,
        line
    from {{ ref('stg_forms__conditions') }}
),

asked_by_several_rows as (
    -- Where each row is one answer, or a part of the unit, two rows can answer the same question of a submission. Numbers
    -- and boxes of parts cannot contradict each other: numbers are added up, and a box is ticked if any part ticked it.
    select
        columns.form,
        columns.line
    from {{ ref('stg_forms__columns') }} as columns
    inner join {{ ref('stg_forms__layouts') }} as layouts
        on columns.form = layouts.form
        and columns.layout = layouts.layout
    left join conditions
        on columns.form = conditions.form
        and columns.line = conditions.line
    where
        columns.use = 'answer'
        and (conditions.form is not null or (layouts.rows_are = 'parts' and columns.type = 'code'))
),

compared as (
    select
        cells.row_key,
        cells.column_number,
        min(cells.text) over answered as first_text,
        max(cells.text) over answered as last_text
    from {{ ref('int_mapped_cells') }} as cells
    inner join asked_by_several_rows
        on cells.form = asked_by_several_rows.form
        and cells.line = asked_by_several_rows.line
    inner join {{ ref('int_delivered_rows') }} as delivered
        on cells.row_key = delivered.row_key
    where cells.text != '' and delivered.unit_code is not null and delivered.ignored_reason is null
    window answered as (
        partition by delivered.form, delivered.unit_code, delivered.submission_key, cells.line
    )
)

select
    row_key,
    column_number
from compared
where first_text != last_text
