with figures as (
    select * from {{ ref('stg_published__figures') }}
    where measure in ('fte_change', 'fte_change_percent') and value is not null
),

fte as (
    select * from {{ ref('int_fte_printed__country') }}
),

cells as (
    select
        *,
        case dimension_names
            when 'from_year;target_group' then 'service_type'
            when 'from_year;measure_type;target_group' then 'service_type'
            when 'education;from_year;target_group' then 'education'
        end as breakdown,
        coalesce(dimension['measure_type'], dimension['education'], 'total') as category,
        dimension['target_group'] as target_group,
        cast(dimension['from_year'] as integer) as from_period
    from figures
)

select
    cells.source_id,
    cells.table_id,
    cells.cell_key,
    case
        when cells.measure = 'fte_change' then later.fte - earlier.fte
        else (cast(later.fte as double) / earlier.fte - 1) * 100
    end as computed,
    case
        when cells.measure = 'fte_change' then later.fte_error + earlier.fte_error
        else (
            cast(later.fte + later.fte_error as double) / (earlier.fte - earlier.fte_error)
            - cast(later.fte as double) / earlier.fte
        ) * 100
    end as computed_error,
    'change_of_printed_fte' as method
from cells
inner join fte as later
    on cells.time_period = later.time_period
    and cells.target_group = later.target_group
    and cells.breakdown = later.breakdown
    and cells.category = later.category
inner join fte as earlier
    on cells.from_period = earlier.time_period
    and cells.target_group = earlier.target_group
    and cells.breakdown = earlier.breakdown
    and cells.category = earlier.category
where earlier.fte > earlier.fte_error
