-- Cells mapped, ignored and rejected add up to the cells read, for every sheet of every delivered file.
{{ config(meta={'dagster': {'ref': {'name': 'int_cells'}}}) }}
with fates as (
    select
        form,
        file,
        sheet,
        count(*) as cells_with_fate,
        count(distinct row_key || ':' || column_number) as distinct_cells
    from {{ ref('int_cells') }}
    where fate in ('mapped', 'ignored', 'rejected') and fate_reason is not null
    group by form, file, sheet
)

select
    sheets.form,
    sheets.file,
    sheets.sheet,
    sheets.cell_count,
    fates.cells_with_fate,
    fates.distinct_cells
from {{ ref('stg_raw__sheets') }} as sheets
left join fates
    on sheets.form = fates.form
    and sheets.file = fates.file
    and sheets.sheet = fates.sheet
where
    sheets.cell_count > 0
    and (
        sheets.cell_count is distinct from fates.cells_with_fate
        or sheets.cell_count is distinct from fates.distinct_cells
    )
