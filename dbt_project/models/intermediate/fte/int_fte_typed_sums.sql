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
