with moves as (
    {{ moves_by_direction() }}
),

likeliest as (
    select
        row_key,
        max(evidence) as evidence,
        max_by(direction, evidence) as direction,
        max_by(column_number, evidence) as column_number
    from moves
    group by row_key
),

records as (
    select
        records.*,
        likeliest.evidence,
        likeliest.direction,
        likeliest.column_number
    from {{ ref('ctl_records') }} as records
    inner join likeliest
        on records.row_key = likeliest.row_key
),

fte as (
    select
        records.row_key,
        {{ exact('sum(cells.number_value)') }} as fte
    from records
    inner join {{ ref('int_cells') }} as cells
        on records.row_key = cells.row_key
        and records.column_number <= cells.column_number
    where cells.use = 'answer' and cells.question = 'fte_by_service' and cells.fate_reason = 'answer'
    group by records.row_key
)

select
    records.row_key,
    forms.survey,
    forms.time_period,
    records.form,
    records.file,
    records.sheet,
    records.layout,
    records.row_number,
    records.unit_code,
    records.column_number,
    columns.header,
    records.direction,
    round(records.evidence, 3) as evidence,
    fte.fte
from records
inner join {{ ref('stg_forms__forms') }} as forms
    on records.form = forms.form
inner join {{ ref('stg_raw__columns') }} as columns
    on records.sheet_key = columns.sheet_key
    and records.column_number = columns.column_number
left join fte
    on records.row_key = fte.row_key
