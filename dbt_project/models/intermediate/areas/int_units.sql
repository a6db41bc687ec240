with municipalities as (
    select * from {{ ref('stg_reference__municipalities') }}
),

population as (
    select * from {{ ref('stg_reference__population') }}
),

districts as (
    select * from {{ ref('stg_reference__oslo_districts') }}
),

agencies as (
    select * from {{ ref('stg_classifications__agencies') }}
),

size_groups as (
    select * from {{ ref('stg_classifications__size_groups') }}
),

municipality_years as (
    select
        population.time_period,
        population.municipality_code,
        municipalities.municipality_name,
        municipalities.county_code,
        size_groups.size_group,
        population.population_under_18,
        population.population_18_plus
    from population
    inner join municipalities
        on population.municipality_code = municipalities.municipality_code
        and population.time_period between municipalities.valid_from_year and municipalities.valid_to_year
    inner join size_groups
        on population.population_under_18 + population.population_18_plus > size_groups.population_above
        and (
            size_groups.population_up_to is null
            or population.population_under_18 + population.population_18_plus <= size_groups.population_up_to
        )
),

divided as (
    select distinct
        time_period,
        substr(district_code, 1, 4) as municipality_code
    from districts
    where
        time_period >= (
            select parameters.value
            from {{ ref('stg_classifications__parameters') }} as parameters
            where parameters.parameter = 'districts_report_from'
        )
),

pieces as (
    select
        municipality_years.time_period,
        municipality_years.municipality_code as unit_code,
        municipality_years.municipality_name as unit_name,
        'municipality' as unit_level,
        municipality_years.municipality_code,
        municipality_years.population_under_18,
        municipality_years.population_18_plus
    from municipality_years
    left join divided
        on municipality_years.time_period = divided.time_period
        and municipality_years.municipality_code = divided.municipality_code
    where divided.municipality_code is null

    union all

    select
        districts.time_period,
        districts.district_code as unit_code,
        districts.district_name as unit_name,
        case when districts.district_type = 'district' then 'city_district' else 'remainder' end as unit_level,
        divided.municipality_code,
        districts.population_under_18,
        districts.population_18_plus
    from districts
    inner join divided
        on districts.time_period = divided.time_period
        and substr(districts.district_code, 1, 4) = divided.municipality_code

    union all

    select
        divided.time_period,
        agencies.agency_code as unit_code,
        agencies.agency_name as unit_name,
        'agency' as unit_level,
        agencies.municipality_code,
        null as population_under_18,
        null as population_18_plus
    from agencies
    inner join divided
        on agencies.municipality_code = divided.municipality_code
        and agencies.valid_from_year <= divided.time_period
)

select
    pieces.time_period,
    pieces.unit_code,
    pieces.unit_name,
    pieces.unit_level,
    pieces.municipality_code,
    municipality_years.municipality_name,
    municipality_years.county_code,
    municipality_years.size_group,
    pieces.population_under_18,
    pieces.population_18_plus
from pieces
inner join municipality_years
    on pieces.time_period = municipality_years.time_period
    and pieces.municipality_code = municipality_years.municipality_code
