with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where
        other_dimensions = ''
        and measure in ('population', 'share_of_population', 'municipalities', 'share_of_municipalities')
),

rounds as (
    select * from {{ ref('int_rounds') }}
),

amounts as (
    -- Populations beside an amount are those of the year of collection.
    select distinct
        source_id,
        table_id
    from {{ ref('stg_published__figures') }}
    where measure = 'user_involvement_amount'
),

population_years as (
    select
        printed.*,
        coalesce(rounds.collection_year, printed.time_period) as population_year
    from printed
    left join amounts
        on printed.source_id = amounts.source_id
        and printed.table_id = amounts.table_id
    left join rounds
        on amounts.table_id is not null
        and printed.time_period = rounds.collection_year - 1
    where printed.measure in ('population', 'share_of_population')
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where area_basis = 'reported'
),

population_cells as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        case
            when printed.measure = 'population' then populations.population
            else cast(populations.population as double) / country.population * 100
        end as computed,
        0 as computed_error,
        'reference_population' as method
    from population_years as printed
    inner join populations
        on printed.population_year = populations.time_period
        and printed.unit_level = populations.unit_level
        and printed.unit_code = populations.unit_code
        and printed.target_group = populations.target_group
    inner join populations as country
        on populations.time_period = country.time_period
        and populations.target_group = country.target_group
        and country.unit_level = 'country'
),

unit_sets as (
    select * from {{ ref('stg_published__unit_sets') }}
),

area_counts as (
    select
        areas.time_period,
        areas.unit_level,
        areas.unit_code,
        sets.unit_set,
        case sets.unit_set
            when 'municipalities' then areas.units_municipalities
            when 'with_districts' then areas.units_with_districts
            else areas.units_with_agencies
        end as units
    from {{ ref('int_areas') }} as areas
    cross join (values ('municipalities'), ('with_districts'), ('with_agencies')) as sets (unit_set)
    where areas.area_basis = 'reported'
),

count_cells as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        case
            when printed.measure = 'municipalities' then area_counts.units
            else area_counts.units / country.units * 100
        end as computed,
        0 as computed_error,
        'reference_units' as method
    from printed
    inner join unit_sets
        on printed.source_id = unit_sets.source_id
        and printed.table_id = unit_sets.table_id
        and unit_sets.county is null
    inner join area_counts
        on printed.time_period = area_counts.time_period
        and printed.unit_level = area_counts.unit_level
        and printed.unit_code = area_counts.unit_code
        and unit_sets.unit_set = area_counts.unit_set
    inner join area_counts as country
        on area_counts.time_period = country.time_period
        and area_counts.unit_set = country.unit_set
        and country.unit_level = 'country'
    where
        printed.measure in ('municipalities', 'share_of_municipalities')
        -- A number of units by area alone, not of the units that gave an answer.
        and printed.dimension['target_group'] is null
        and printed.dimension['reporting_form'] is null
)

select * from population_cells
union all
select * from count_cells
