with units as (
    select * from {{ ref('int_units') }}
),

hf_areas as (
    select * from {{ ref('int_unit_hf_areas') }}
),

counties as (
    select * from {{ ref('stg_reference__counties') }}
),

labels as (
    select
        codelist,
        code,
        label_nb
    from {{ ref('stg_classifications__codelists') }}
),

members as (
    select
        units.time_period,
        'country' as unit_level,
        labels.code as unit_code,
        labels.label_nb as unit_name,
        units.unit_code as member_code
    from units
    inner join labels
        on labels.codelist = 'country'

    union all

    select
        hf_areas.time_period,
        'health_region' as unit_level,
        hf_areas.health_region as unit_code,
        labels.label_nb as unit_name,
        hf_areas.unit_code as member_code
    from hf_areas
    inner join labels
        on labels.codelist = 'health_region'
        and hf_areas.health_region = labels.code

    union all

    select
        time_period,
        'hf_area' as unit_level,
        hf_code as unit_code,
        hf_area as unit_name,
        unit_code as member_code
    from hf_areas

    union all

    select
        units.time_period,
        'county' as unit_level,
        units.county_code as unit_code,
        counties.county_name as unit_name,
        units.unit_code as member_code
    from units
    inner join counties
        on units.county_code = counties.county_code
        and units.time_period between counties.valid_from_year and counties.valid_to_year

    union all

    select
        units.time_period,
        'size_group' as unit_level,
        units.size_group as unit_code,
        labels.label_nb as unit_name,
        units.unit_code as member_code
    from units
    inner join labels
        on labels.codelist = 'size_group'
        and units.size_group = labels.code

    union all

    select
        time_period,
        'municipality' as unit_level,
        municipality_code as unit_code,
        municipality_name as unit_name,
        unit_code as member_code
    from units

    union all

    select
        time_period,
        unit_level,
        unit_code,
        unit_name,
        unit_code as member_code
    from units
    where unit_level in ('city_district', 'agency')
)

select
    time_period,
    unit_level,
    unit_code,
    unit_name,
    member_code
from members
