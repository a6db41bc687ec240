-- The parts of a divided municipality add up to it: nobody is lost or counted twice between municipality and district.
{{ config(meta={'dagster': {'ref': {'name': 'int_units'}}}) }}
with units as (
    select
        time_period,
        municipality_code,
        sum(population_under_18) as under_18,
        sum(population_18_plus) as adults
    from {{ ref('int_units') }}
    group by time_period, municipality_code
)

select
    population.time_period,
    population.municipality_code,
    population.population_under_18,
    units.under_18,
    population.population_18_plus,
    units.adults
from {{ ref('stg_reference__population') }} as population
left join units
    on population.time_period = units.time_period
    and population.municipality_code = units.municipality_code
where
    units.under_18 is distinct from population.population_under_18
    or units.adults is distinct from population.population_18_plus
