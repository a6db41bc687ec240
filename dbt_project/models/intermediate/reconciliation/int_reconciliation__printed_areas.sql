{#- The printed dimensions that name an area, with the level of each; the first one present decides. #}
{% set areas = {
    'municipality_no': 'municipality', 'hf_area': 'hf_area', 'health_region': 'health_region', 'size_group': 'size_group',
    'county': 'county'
} %}
with figures as (
    -- A figure that is printed twice is one cell.
    select distinct
        source_id,
        table_id,
        cell_key,
        time_period,
        case
            when dimension['district'] is not null and dimension['district'] != 'total' then 'part'
            when dimension['unit_name'] is not null then 'part'
            -- Names of municipalities are not looked up.
            when dimension['municipality_no'] is null and dimension['municipality'] is not null then 'country'
            {% for name, level in areas.items() %}
                when dimension['{{ name }}'] is not null then '{{ level }}'
            {% endfor %}
            else 'country'
        end as printed_level,
        coalesce(
            {% for name in areas %}
                dimension['{{ name }}']{% if not loop.last %}, {% endif %}
            {% endfor %}
        ) as printed_area,
        coalesce(dimension['district'], dimension['unit_name']) as printed_part
    from {{ ref('stg_published__figures') }}
    where value is not null
),

counties as (
    select * from {{ ref('stg_reference__counties') }}
),

area_names as (
    select * from {{ ref('stg_classifications__area_names') }}
),

named_parts as (
    select * from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

printed_parts as (
    select
        source_id,
        table_id,
        cell_key,
        time_period,
        {{ each_of(parts_of('printed_part', '+')) }} as part_name
    from figures
    where printed_level = 'part'
),

parts as (
    select
        printed_parts.source_id,
        printed_parts.table_id,
        printed_parts.cell_key,
        min(named_parts.unit_level) as unit_level,
        {{ joined('named_parts.unit_code', '+', 'named_parts.unit_code') }} as unit_code
    from printed_parts
    inner join named_parts
        on printed_parts.time_period = named_parts.time_period
        and printed_parts.part_name = named_parts.unit_name
    group by printed_parts.source_id, printed_parts.table_id, printed_parts.cell_key
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    case
        when figures.printed_level = 'part' then parts.unit_level
        when figures.printed_area = 'total' then 'country'
        else figures.printed_level
    end as unit_level,
    case
        when figures.printed_level = 'part' then parts.unit_code
        when figures.printed_level = 'country' or figures.printed_area = 'total' then '0'
        when figures.printed_level = 'county' then counties.county_code
        when figures.printed_level = 'hf_area' then area_names.unit_code
        else figures.printed_area
    end as unit_code
from figures
left join counties
    on figures.printed_level = 'county'
    and figures.printed_area = counties.county_name
    and figures.time_period between counties.valid_from_year and counties.valid_to_year
left join area_names
    on figures.printed_level = area_names.unit_level
    and figures.printed_area = area_names.printed_name
left join parts
    on figures.source_id = parts.source_id
    and figures.table_id = parts.table_id
    and figures.cell_key = parts.cell_key
