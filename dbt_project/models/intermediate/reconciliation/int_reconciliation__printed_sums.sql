{% set part_dimensions = [
    'target_group', 'measure_type', 'education', 'pathway', 'reporting_form', 'size_group', 'county', 'hf_area',
    'health_region', 'age_group', 'district'
] %}
with figures as (
    select * from {{ ref('stg_published__figures') }}
    where
        measure in (
            'fte_reported', 'fte_by_pathway', 'population', 'user_involvement_amount', 'municipalities',
            'share_of_fte', 'share_of_population', 'share_of_municipalities'
        )
        and value is not null
        and dimension['answer'] is null
        and dimension['question'] is null
),

parts as (
    {% for name in part_dimensions %}
        select
            figures.*,
            '{{ name }}' as part_dimension,
            dimension['{{ name }}'] as part,
            -- The key shared by a total and its parts: all dimensions except the one that is summed over.
            replace('|' || cell_key || '|', '|{{ name }}=' || dimension['{{ name }}'] || '|', '|') as common_key
        from figures
        where
            dimension['{{ name }}'] is not null
            -- Shares of adults and of children have different bases and do not add up.
            and not (measure like 'share_of_%' and '{{ name }}' in ('target_group', 'age_group'))
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

sums as (
    select
        source_id,
        table_id,
        part_dimension,
        common_key,
        sum(value) as computed,
        sum(half_unit) as computed_error,
        count(*) as n_parts
    from parts
    where part != 'total' and part not like '%+%'
    group by source_id, table_id, part_dimension, common_key
)

select
    totals.source_id,
    totals.table_id,
    totals.cell_key,
    sums.computed,
    sums.computed_error,
    'sum_of_parts_' || sums.part_dimension as method
from parts as totals
inner join sums
    on totals.source_id = sums.source_id
    and totals.table_id = sums.table_id
    and totals.part_dimension = sums.part_dimension
    and totals.common_key = sums.common_key
where totals.part = 'total' and sums.n_parts > 1
