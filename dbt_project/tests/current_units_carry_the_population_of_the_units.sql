-- The populations of the pieces of the current map add up to those of the units of each year, to the last decimal.
{{ config(meta={'dagster': {'ref': {'name': 'int_unit_pieces'}}}) }}
with pieces as (
    select
        time_period,
        unit_code,
        sum(population_under_18) as under_18,
        sum(population_18_plus) as adults,
        bool_or(weight_adults is null) as is_unknown
    from {{ ref('int_unit_pieces') }}
    group by time_period, unit_code
)

select
    units.time_period,
    units.unit_code,
    units.population_under_18,
    pieces.under_18,
    units.population_18_plus,
    pieces.adults
from {{ ref('int_units') }} as units
inner join {{ ref('int_newest_period') }} as newest
    on units.time_period <= newest.newest_period
left join pieces
    on units.time_period = pieces.time_period
    and units.unit_code = pieces.unit_code
where
    not coalesce(pieces.is_unknown, false)
    and (
        units.population_under_18 is distinct from pieces.under_18
        or units.population_18_plus is distinct from pieces.adults
    )
