with figures as (
    select * from {{ ref('stg_published__figures') }}
    where measure = 'share_of_fte' and value is not null and cell_key not like '%+%'
),

fte as (
    select * from {{ ref('int_fte_printed__country') }}
),

cells as (
    select
        *,
        case dimension_names
            when 'target_group' then 'service_type'
            when 'measure_type;target_group' then 'service_type'
            when 'education;target_group' then 'education'
            when 'pathway;target_group' then 'pathway'
        end as breakdown,
        coalesce(dimension['measure_type'], dimension['education'], dimension['pathway'], 'total') as category,
        dimension['target_group'] as target_group,
        case when dimension_names = 'target_group' then 'total' else dimension['target_group'] end as base_group
    from figures
)

select
    cells.source_id,
    cells.table_id,
    cells.cell_key,
    cast(parts.fte as double) / totals.fte * 100 as computed,
    (
        cast(parts.fte + parts.fte_error as double) / (totals.fte - totals.fte_error)
        - cast(parts.fte as double) / totals.fte
    ) * 100 as computed_error,
    'share_of_printed_fte' as method
from cells
inner join fte as parts
    on cells.time_period = parts.time_period
    and cells.target_group = parts.target_group
    and cells.breakdown = parts.breakdown
    and cells.category = parts.category
inner join fte as totals
    on cells.time_period = totals.time_period
    and cells.base_group = totals.target_group
    and cells.breakdown = totals.breakdown
    and totals.category = 'total'
where totals.fte > totals.fte_error
