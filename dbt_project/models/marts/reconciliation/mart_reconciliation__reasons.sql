with figures as (
    select distinct
        source_id,
        table_id,
        cell_key
    from {{ ref('stg_published__figures') }}
),

reasons as (
    select * from {{ ref('int_reconciliation__reasons') }}
),

queries as (
    select * from {{ ref('mart_reconciliation__queries') }}
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    coalesce(max(reasons.reason), max(queries.absence_reason)) as reason
from figures
left join reasons
    on figures.source_id = reasons.source_id
    and figures.table_id = reasons.table_id
    and figures.cell_key = reasons.cell_key
left join queries
    on figures.source_id = queries.source_id
    and figures.table_id = queries.table_id
    and figures.cell_key = queries.cell_key
group by figures.source_id, figures.table_id, figures.cell_key
