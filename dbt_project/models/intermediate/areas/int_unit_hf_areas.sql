with units as (
    select * from {{ ref('int_units') }}
),

scheme_years as (
    select * from {{ ref('stg_classifications__hf_scheme_years') }}
),

hf_areas as (
    select * from {{ ref('stg_reference__hf_areas') }}
),

agencies as (
    select * from {{ ref('stg_classifications__agencies') }}
),

region_codes as (
    select
        printed_name,
        unit_code as health_region
    from {{ ref('stg_classifications__area_names') }}
    where unit_level = 'health_region'
),

area_codes as (
    select distinct
        hf_areas.scheme,
        hf_areas.hf_code,
        hf_areas.hf_area,
        region_codes.health_region
    from hf_areas
    inner join region_codes
        on hf_areas.health_region = region_codes.printed_name
),

unit_codes as (
    select
        units.time_period,
        units.unit_code,
        scheme_years.scheme,
        coalesce(hf_areas.hf_code, agencies.hf_code) as hf_code
    from units
    inner join scheme_years
        on units.time_period >= scheme_years.valid_from_year
        and (scheme_years.valid_to_year is null or units.time_period <= scheme_years.valid_to_year)
    left join hf_areas
        on scheme_years.scheme = hf_areas.scheme
        and units.unit_code = hf_areas.unit_code
    left join agencies
        on units.unit_code = agencies.agency_code
)

select
    unit_codes.time_period,
    unit_codes.unit_code,
    unit_codes.hf_code,
    area_codes.hf_area,
    area_codes.health_region
from unit_codes
inner join area_codes
    on unit_codes.scheme = area_codes.scheme
    and unit_codes.hf_code = area_codes.hf_code
