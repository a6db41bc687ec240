with figures as (
    select * from {{ ref('stg_published__figures') }}
    where measure in ('fte_reported', 'fte_by_pathway') and value is not null
),

breakdowns as (
    select
        *,
        case dimension_names
            when 'target_group' then 'service_type'
            when 'measure_type;target_group' then 'service_type'
            when 'education;target_group' then 'education'
            when 'pathway;target_group' then 'pathway'
            when 'reporting_form;target_group' then 'reporting_form'
            when 'distribution;target_group' then 'pathway'
        end as breakdown,
        case dimension_names
            when 'target_group' then 'total'
            when 'measure_type;target_group' then dimension['measure_type']
            when 'education;target_group' then dimension['education']
            when 'pathway;target_group' then dimension['pathway']
            when 'reporting_form;target_group' then dimension['reporting_form']
            when 'distribution;target_group' then
                case when dimension['distribution'] = 'pathways' then 'total' end
        end as category
    from figures
),

ranked as (
    select
        *,
        row_number() over (
            partition by time_period, dimension['target_group'], breakdown, category
            order by report_year, source_id, table_id, cell_key
        ) as print_order
    from breakdowns
    -- Running text quotes sums of categories, such as a+b.
    where breakdown is not null and category is not null and category not like '%+%'
)

select
    time_period,
    dimension['target_group'] as target_group,
    breakdown,
    category,
    value as fte,
    half_unit as fte_error,
    source_id,
    table_id,
    cell_key
from ranked
where print_order = 1
