-- Each record with the column from which its values most likely stand one column too far, and the evidence for it
-- (ctl_record_moves); below 0 they rather stand where they belong. Beside it the unit, where one is known, and the FTE by
-- service that the record gives from that column on.
with moves as (
    select
        record_id,
        column_number,
        'right' as direction,
        moved_right as evidence
    from {{ ref('ctl_record_moves') }}
    where moved_right is not null

    union all

    select
        record_id,
        column_number,
        'left' as direction,
        moved_left as evidence
    from {{ ref('ctl_record_moves') }}
    where moved_left is not null
),

likeliest as (
    select
        record_id,
        max(evidence) as evidence,
        max_by(direction, evidence) as direction,
        max_by(column_number, evidence) as column_number
    from moves
    group by record_id
),

records as (
    select
        records.*,
        likeliest.evidence,
        likeliest.direction,
        likeliest.column_number
    from {{ ref('ctl_records') }} as records
    inner join likeliest
        on records.record_id = likeliest.record_id
),

fte as (
    select
        records.record_id,
        {{ exact('sum(cells.number_value)') }} as fte
    from records
    inner join {{ ref('int_cells') }} as cells
        on records.form = cells.form
        and records.file = cells.file
        and records.sheet = cells.sheet
        and records.layout = cells.layout
        and records.row_number = cells.row_number
        and records.column_number <= cells.column_number
    where cells.use = 'answer' and cells.question = 'fte_by_service' and cells.fate_reason = 'answer'
    group by records.record_id
)

select
    forms.survey,
    forms.time_period,
    records.form,
    records.file,
    records.sheet,
    records.layout,
    records.row_number,
    records.record_id,
    records.unit_code,
    records.column_number,
    columns.header,
    records.direction,
    round(records.evidence, 3) as evidence,
    fte.fte
from records
inner join {{ ref('stg_forms__forms') }} as forms
    on records.form = forms.form
inner join {{ source('raw', 'columns') }} as columns
    on records.form = columns.form
    and records.file = columns.file
    and records.sheet = columns.sheet
    and records.layout = columns.layout
    and records.column_number = columns.column_number
left join fte
    on records.record_id = fte.record_id
