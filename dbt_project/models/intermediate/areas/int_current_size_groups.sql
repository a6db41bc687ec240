with pieces as (
    select * from {{ ref('int_unit_pieces') }}
),

units as (
    select * from {{ ref('int_units') }}
),

newest_units as (
    select * from {{ ref('int_units') }}
    where time_period = (select newest.newest_period from {{ ref('int_newest_period') }} as newest)
),

size_groups as (
    select * from {{ ref('stg_classifications__size_groups') }}
),

grounds as (
    -- A unit with all its pieces in the municipality counts as a whole, whether or not the pieces are known.
    select
        pieces.time_period,
        newest_units.municipality_code,
        pieces.unit_code,
        case
            when count(*) = max(pieces.piece_count) then max(units.population_under_18 + units.population_18_plus)
            else sum(pieces.population_under_18 + pieces.population_18_plus)
        end as population
    from pieces
    inner join newest_units
        on pieces.piece_code = newest_units.unit_code
    inner join units
        on pieces.time_period = units.time_period
        and pieces.unit_code = units.unit_code
    group by pieces.time_period, newest_units.municipality_code, pieces.unit_code
),

municipalities as (
    select
        time_period,
        municipality_code,
        sum(population) as population
    from grounds
    group by time_period, municipality_code
)

select
    municipalities.time_period,
    municipalities.municipality_code,
    size_groups.size_group
from municipalities
inner join size_groups
    on municipalities.population > size_groups.population_above
    and (size_groups.population_up_to is null or municipalities.population <= size_groups.population_up_to)
