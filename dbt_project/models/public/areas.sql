with areas as (
    select * from {{ ref('int_areas') }}
),

units as (
    select * from {{ ref('int_units') }}
),

hf_areas as (
    select * from {{ ref('int_unit_hf_areas') }}
),

parents as (
    -- What single units lie in; an area above the municipality has no parent here.
    select
        units.time_period,
        units.unit_level,
        units.unit_code,
        units.municipality_code,
        units.county_code,
        units.size_group,
        hf_areas.hf_code,
        hf_areas.health_region
    from units
    left join hf_areas
        on units.time_period = hf_areas.time_period
        and units.unit_code = hf_areas.unit_code

    union all

    -- A divided municipality: its pieces lie in several health-trust areas.
    select
        units.time_period,
        'municipality' as unit_level,
        units.municipality_code as unit_code,
        units.municipality_code,
        units.county_code,
        units.size_group,
        null as hf_code,
        min(hf_areas.health_region) as health_region
    from units
    left join hf_areas
        on units.time_period = hf_areas.time_period
        and units.unit_code = hf_areas.unit_code
    where units.unit_level != 'municipality'
    group by units.time_period, units.municipality_code, units.county_code, units.size_group
)

select
    areas.time_period,
    areas.unit_level,
    areas.unit_code,
    areas.unit_name,
    areas.area_basis,
    case when areas.unit_level in ('city_district', 'agency') then parents.municipality_code end as municipality_code,
    parents.county_code,
    parents.hf_code,
    parents.health_region,
    parents.size_group,
    cast(areas.population_under_18 as bigint) as population_under_18,
    cast(areas.population_18_plus as bigint) as population_18_plus,
    cast(areas.population_under_18 + areas.population_18_plus as bigint) as population,
    cast(areas.units_municipalities as integer) as units_municipalities,
    cast(areas.units_with_districts as integer) as units_with_districts,
    cast(areas.units_with_agencies as integer) as units_with_agencies
from areas
left join parents
    on areas.time_period = parents.time_period
    and areas.unit_level = parents.unit_level
    and areas.unit_code = parents.unit_code
