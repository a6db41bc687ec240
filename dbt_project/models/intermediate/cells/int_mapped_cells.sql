select
    cells.row_key,
    cells.column_number,
    cells.form,
    cells.layout,
    cells.header,
    cells.text_delivered,
    cells.text,
    cells.kind,
    cells.left_out,
    cells.is_declared_missing,
    maps.line,
    maps.line_count,
    columns.use,
    columns.question,
    columns.item,
    columns.answer,
    columns.target_group,
    columns.reporting_form,
    columns.type,
    columns.unit as measure_unit,
    columns.reason as column_reason,
    columns.ticked,
    columns.not_ticked,
    columns.separator
from {{ ref('stg_raw__cells') }} as cells
left join {{ ref('int_cell_maps') }} as maps
    on cells.row_key = maps.row_key
    and cells.column_number = maps.column_number
left join {{ ref('stg_forms__columns') }} as columns
    on cells.form = columns.form
    and maps.line = columns.line
