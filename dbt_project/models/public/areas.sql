with areas as (
    select * from {{ ref('int_areas') }}
),

units as (
    select * from {{ ref('int_units') }}
),

hf_areas as (
    select * from {{ ref('int_unit_hf_areas') }}
),

newest as (
    select * from {{ ref('int_newest_period') }}
),

municipalities as (
    select * from {{ ref('stg_reference__municipalities') }}
),

map_parents as (
    -- The areas that contain each unit on the map of a year; an area above the municipality has no parent here.
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

    -- A divided municipality: its parts lie in several health-trust areas.
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
),

parents as (
    select
        areas.time_period,
        areas.area_basis,
        map_parents.unit_level,
        map_parents.unit_code,
        map_parents.municipality_code,
        map_parents.county_code,
        case when areas.area_basis = 'reported' then map_parents.size_group else size_groups.size_group end as size_group,
        kostra_groups.kostra_group,
        map_parents.hf_code,
        map_parents.health_region,
        municipalities.official_name
    from areas
    cross join newest
    inner join map_parents
        on map_parents.time_period
        = case when areas.area_basis = 'reported' then areas.time_period else newest.newest_period end
        and areas.unit_level = map_parents.unit_level
        and areas.unit_code = map_parents.unit_code
    left join {{ ref('int_current_size_groups') }} as size_groups
        on areas.time_period = size_groups.time_period
        and map_parents.municipality_code = size_groups.municipality_code
    left join {{ ref('int_municipality_kostra_groups') }} as kostra_groups
        on map_parents.time_period = kostra_groups.time_period
        and map_parents.municipality_code = kostra_groups.municipality_code
    left join municipalities
        on map_parents.unit_level = 'municipality'
        and map_parents.unit_code = municipalities.municipality_code
        and map_parents.time_period between municipalities.valid_from_year and municipalities.valid_to_year
)

select
    areas.time_period,
    areas.unit_level,
    areas.unit_code,
    areas.unit_name,
    areas.area_basis,
    parents.official_name,
    case when areas.unit_level in ('city_district', 'agency') then parents.municipality_code end as municipality_code,
    parents.county_code,
    parents.hf_code,
    parents.health_region,
    parents.size_group,
    parents.kostra_group,
    {{ public_measure('areas.population_under_18') }} as population_under_18,
    {{ public_measure('areas.population_18_plus') }} as population_18_plus,
    {{ public_measure('areas.population_under_18 + areas.population_18_plus') }} as population,
    cast(areas.units_municipalities as integer) as units_municipalities,
    cast(areas.units_with_districts as integer) as units_with_districts,
    cast(areas.units_with_agencies as integer) as units_with_agencies
from areas
left join parents
    on areas.time_period = parents.time_period
    and {{ same_area('areas', 'parents') }}
