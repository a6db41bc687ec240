-- Printed FTE of areas against the sum of their units, and printed rates against FTE and population.
with printed as (
    select * from {{ ref('int_reconciliation__printed_areas') }}
    where measure in ('fte_reported', 'fte_per_10000')
),

area_fte as (
    select * from {{ ref('int_fte__area') }}
    where area_basis = 'reported' and service_type = 'total'
),

country_fte as (
    select * from {{ ref('mart_fte_by_service') }}
    where unit_level = 'country' and area_basis = 'reported' and service_type = 'total' and fte is not null
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where area_basis = 'reported'
),

sums as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        area_fte.fte as computed,
        area_fte.fte_error as computed_error,
        'sum_of_units' as method
    from printed
    inner join area_fte
        on printed.time_period = area_fte.time_period
        and printed.unit_level = area_fte.unit_level
        and printed.unit_code = area_fte.unit_code
        and printed.target_group = area_fte.target_group
    -- A unit that is printed itself is no sum of other figures.
    where printed.measure = 'fte_reported' and area_fte.units_with_value > 1
),

rates as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        area_fte.fte / populations.population * 10000 as computed,
        area_fte.fte_error / populations.population * 10000 as computed_error,
        'rate_of_units' as method
    from printed
    inner join area_fte
        on printed.time_period = area_fte.time_period
        and printed.unit_level = area_fte.unit_level
        and printed.unit_code = area_fte.unit_code
        and printed.target_group = area_fte.target_group
    inner join populations
        on printed.time_period = populations.time_period
        and printed.unit_level = populations.unit_level
        and printed.unit_code = populations.unit_code
        and printed.target_group = populations.target_group
    where printed.measure = 'fte_per_10000' and populations.population > 0
),

country_rates as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        country_fte.fte / country_fte.population * 10000 as computed,
        country_fte.fte_error / country_fte.population * 10000 as computed_error,
        'rate_of_country' as method
    from printed
    inner join country_fte
        on printed.time_period = country_fte.time_period
        and printed.target_group = country_fte.target_group
    where printed.measure = 'fte_per_10000' and printed.unit_level = 'country'
)

select * from sums
union all
select * from rates
union all
select * from country_rates
