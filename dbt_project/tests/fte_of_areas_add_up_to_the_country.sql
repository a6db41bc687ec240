-- On both bases every division of the country has the FTE of the country, to the last decimal, unless an area holds an
-- unknown piece of a unit.
{{ config(meta={'dagster': {'ref': {'name': 'int_fte__area'}}}) }}
with sums as (
    select
        time_period,
        area_basis,
        unit_level,
        question,
        target_group,
        category,
        sum(fte) as fte,
        bool_or(is_weight_missing) as is_unknown
    from {{ ref('int_fte__area') }}
    where unit_level not in ('city_district', 'agency')
    group by time_period, area_basis, unit_level, question, target_group, category
)

select
    sums.time_period,
    sums.area_basis,
    sums.unit_level,
    sums.question,
    sums.target_group,
    sums.category,
    sums.fte,
    country.fte as fte_country
from sums
inner join sums as country
    on sums.time_period = country.time_period
    and sums.question = country.question
    and sums.target_group = country.target_group
    and sums.category = country.category
    and country.area_basis = 'reported'
    and country.unit_level = 'country'
where not sums.is_unknown and sums.fte is distinct from country.fte
