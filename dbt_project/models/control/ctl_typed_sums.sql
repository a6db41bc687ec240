with cells as (
    -- Parts of a unit are added up, and so are their sums.
    select
        cells.form,
        cells.survey,
        cells.time_period,
        cells.unit_code,
        cells.question,
        cells.target_group,
        cells.reporting_form,
        {{ exact('sum(cells.number_value)') }} as number_value,
        min(cells.file) as file,
        min(cells.sheet) as sheet,
        min(cells.row_number) as row_number,
        min(cells.column_number) as column_number,
        cells.header
    from {{ ref('int_cells') }} as cells
    inner join {{ ref('int_counted_rows') }} as counted
        on cells.row_key = counted.row_key
    where
        cells.fate_reason = 'typed_sum'
        and cells.question is not null
        and cells.number_value is not null
        and not cells.is_missing_text
        and cells.unit_code is not null
    group by
        cells.form,
        cells.survey,
        cells.time_period,
        cells.unit_code,
        cells.question,
        cells.target_group,
        cells.reporting_form,
        cells.header
),

blocks as (
    select
        form,
        unit_code,
        question,
        target_group,
        reporting_form,
        {{ exact('sum(number_value)') }} as fte,
        sum(case when is_rejected or (type = 'number' and number_value is null) then 1 else 0 end) as rejected_count,
        bool_or(is_corrected) as is_corrected
    from {{ ref('int_counted_answers') }}
    group by form, unit_code, question, target_group, reporting_form
)

select
    cells.*,
    {{ exact('coalesce(blocks.fte, 0)') }} as fte,
    coalesce(blocks.rejected_count, 0) as rejected_count,
    coalesce(blocks.is_corrected, false) as is_corrected
from cells
left join blocks
    on cells.form = blocks.form
    and cells.unit_code = blocks.unit_code
    and cells.question = blocks.question
    and cells.target_group = blocks.target_group
    and cells.reporting_form = blocks.reporting_form
