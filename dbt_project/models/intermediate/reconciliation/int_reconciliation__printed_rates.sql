with cells as (
    select
        source_id,
        table_id,
        cell_key,
        measure,
        time_period,
        dimension['survey'] as survey,
        dimension['size_group'] as size_group,
        cast(value as double) as value
    from {{ ref('stg_published__figures') }}
    where dimension['survey'] is not null and value is not null
),

samples as (
    select
        source_id,
        table_id,
        time_period,
        survey,
        size_group,
        max(case when measure = 'answers' then value end) as answers,
        max(case when measure = 'municipalities_sampled' then value end) as sampled,
        max(case when measure = 'dispatch_failed' then value end) as failed
    from cells
    group by source_id, table_id, time_period, survey, size_group
)

select
    cells.source_id,
    cells.table_id,
    cells.cell_key,
    samples.answers / nullif(samples.sampled - samples.failed, 0) * 100 as computed,
    cast(0 as double) as computed_error,
    'share_of_printed_units' as method
from cells
inner join samples
    on cells.source_id = samples.source_id
    and cells.table_id = samples.table_id
    and cells.time_period = samples.time_period
    and cells.survey = samples.survey
    and cells.size_group = samples.size_group
where cells.measure = 'response_rate' and samples.sampled is not null
