-- FTE of single municipalities, Oslo districts and agencies as printed in a report's appendix, with the code of each unit.
with figures as (
    select * from {{ ref('stg_published__figures') }}
    where
        measure = 'fte_reported'
        and value is not null
        and dimension_names in (
            'county;municipality;municipality_no;target_group',
            'county;district;municipality;municipality_no;target_group'
        )
        and coalesce(dimension['district'], '') != 'total'
),

named_parts as (
    select
        time_period,
        municipality_code,
        unit_code,
        unit_name
    from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
)

select
    figures.time_period,
    case
        when figures.dimension['district'] is null then figures.dimension['municipality_no']
        else named_parts.unit_code
    end as unit_code,
    figures.dimension['target_group'] as target_group,
    figures.value as fte,
    figures.half_unit as fte_error,
    figures.source_id,
    figures.table_id,
    figures.cell_key
from figures
left join named_parts
    on figures.time_period = named_parts.time_period
    and figures.dimension['municipality_no'] = named_parts.municipality_code
    and figures.dimension['district'] = named_parts.unit_name
