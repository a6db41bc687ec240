with figures as (
    select * from {{ ref('stg_published__figures') }}
),

names as (
    select * from {{ ref('int_indicator_names') }}
),

cells as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    figures.report_year,
    figures.table_title_short,
    figures.measure,
    figures.unit,
    figures.dimensions,
    figures.time_period,
    cast(figures.value as double) as value,
    figures.value_text,
    figures.decimals,
    figures.n_base,
    figures.note,
    coalesce(
        names.indicator,
        case
            when cells.reporting_form != 'total' then 'fte_by_reporting_form'
            when figures.measure like '%fte%' then cells.breakdown
        end
    ) as indicator,
    bounds.bound
from figures
left join names
    on figures.source_id = names.source_id
    and coalesce(figures.dimension['question'], figures.measure) = names.name
left join cells
    on figures.source_id = cells.source_id
    and figures.table_id = cells.table_id
    and figures.cell_key = cells.cell_key
    and figures.line_number = cells.line_number
left join {{ ref('stg_published__bounds') }} as bounds
    on figures.source_id = bounds.source_id
    and figures.table_id = bounds.table_id
    and figures.cell_key = bounds.cell_key
