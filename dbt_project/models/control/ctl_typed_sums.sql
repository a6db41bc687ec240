with cells as (
    select * from {{ ref('int_fte_typed_sums') }}
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
    cells.form,
    cells.survey,
    cells.time_period,
    cells.unit_code,
    cells.question,
    cells.target_group,
    cells.reporting_form,
    cells.number_value,
    cells.file,
    cells.sheet,
    cells.row_number,
    cells.column_number,
    cells.header,
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
