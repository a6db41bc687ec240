-- Printed figures that describe an area, with the area's code. One row a figure; the printed name of an area is resolved
-- against the areas of the year, "total" is the country.
with figures as (
    select * from {{ ref('stg_published__figures') }}
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

levels as (
    select
        figures.*,
        case
            when dimension['municipality_no'] is not null and coalesce(dimension['district'], 'total') = 'total'
                then 'municipality'
            when dimension['district'] is not null then 'part'
            when dimension['municipality'] = 'total' then 'country'
            when dimension['hf_area'] is not null then 'hf_area'
            when dimension['health_region'] is not null then 'health_region'
            when dimension['size_group'] is not null then 'size_group'
            when dimension['county'] is not null then 'county'
            when dimension_names in ('target_group', 'age_group') then 'country'
        end as printed_level,
        coalesce(
            dimension['municipality_no'],
            dimension['hf_area'],
            dimension['health_region'],
            dimension['size_group'],
            dimension['county']
        ) as printed_area
    from figures
    where
        dimension_names in (
            'target_group', 'county;target_group', 'hf_area;target_group', 'health_region;target_group',
            'size_group;target_group', 'county;municipality;target_group',
            'county;municipality;municipality_no;target_group', 'county;district;municipality;municipality_no;target_group',
            'age_group;county', 'age_group;hf_area', 'age_group;health_region', 'age_group;size_group',
            'county', 'hf_area', 'health_region', 'size_group'
        )
)

select
    levels.source_id,
    levels.table_id,
    levels.cell_key,
    levels.measure,
    levels.time_period,
    levels.dimension,
    coalesce(
        levels.dimension['target_group'],
        case levels.dimension['age_group']
            when '0_17' then 'children' when '18_plus' then 'adults' when 'total' then 'total'
        end
    ) as target_group,
    case
        when levels.printed_area = 'total' then 'country'
        when levels.printed_level = 'part' then named_parts.unit_level
        else levels.printed_level
    end as unit_level,
    case
        when levels.printed_level = 'country' or levels.printed_area = 'total' then '0'
        when levels.printed_level = 'part' then named_parts.unit_code
        when levels.printed_level = 'county' then counties.county_code
        when levels.printed_level = 'hf_area' then area_names.unit_code
        else levels.printed_area
    end as unit_code,
    levels.value,
    levels.half_unit
from levels
left join counties
    on levels.printed_level = 'county'
    and levels.printed_area = counties.county_name
    and levels.time_period between counties.valid_from_year and counties.valid_to_year
left join area_names
    on levels.printed_level = area_names.unit_level
    and levels.printed_area = area_names.printed_name
left join named_parts
    on levels.printed_level = 'part'
    and levels.time_period = named_parts.time_period
    and levels.dimension['municipality_no'] = named_parts.municipality_code
    and levels.dimension['district'] = named_parts.unit_name
