-- Money for user involvement in the calendar year before the survey, as printed, and in the prices of the price year.
-- Per inhabitant: the population on 1 January of the year of collection.
with figures as (
    select
        time_period,
        'user_involvement_amount' as indicator,
        case when dimension_names = 'price_basis' then 'country' else 'size_group' end as unit_level,
        case when dimension_names = 'price_basis' then '0' else dimension['size_group'] end as unit_code,
        value as amount_nok,
        half_unit as amount_error
    from {{ ref('stg_published__figures') }}
    where
        measure = 'user_involvement_amount'
        and value is not null
        and table_id not like 'text:%'
        and (
            (dimension_names = 'price_basis' and dimension['price_basis'] = 'nominal')
            or (dimension_names = 'size_group' and dimension['size_group'] != 'total')
        )
),

rounds as (
    select * from {{ ref('int_rounds') }}
),

areas as (
    select * from {{ ref('int_areas') }}
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where target_group = 'total' and area_basis = 'reported'
),

parameters as (
    select
        max(case when parameter = 'price_year' then value end) as price_year,
        max(case when parameter = 'cpi_base_year' then value end) as cpi_base_year
    from {{ ref('stg_classifications__parameters') }}
),

index_values as (
    select
        prices.time_period,
        parameters.price_year,
        case
            when prices.time_period <= parameters.cpi_base_year then base.cpi_1998_100 / prices.cpi_1998_100
            else base.cpi_2015_100 / prices.cpi_2015_100
        end as price_factor
    from {{ ref('stg_reference__cpi') }} as prices
    cross join parameters
    inner join {{ ref('stg_reference__cpi') }} as base
        on parameters.price_year = base.time_period
),

rows_with_population as (
    select
        figures.*,
        areas.unit_name,
        populations.population,
        lag(figures.time_period) over (
            partition by figures.indicator, figures.unit_level, figures.unit_code
            order by figures.time_period
        ) as previous_period
    from figures
    left join rounds
        on figures.time_period = rounds.collection_year - 1
    left join areas
        on areas.area_basis = 'reported'
        and rounds.collection_year = areas.time_period
        and figures.unit_level = areas.unit_level
        and figures.unit_code = areas.unit_code
    left join populations
        on rounds.collection_year = populations.time_period
        and figures.unit_level = populations.unit_level
        and figures.unit_code = populations.unit_code
)

select
    figures.indicator,
    figures.time_period,
    figures.unit_level,
    figures.unit_code,
    figures.unit_name,
    figures.amount_nok,
    figures.amount_error,
    figures.amount_nok * index_values.price_factor as amount_nok_real,
    index_values.price_factor,
    cast(index_values.price_year as integer) as price_year,
    figures.population,
    figures.amount_nok / nullif(figures.population, 0) as amount_per_inhabitant,
    {{ has_break('figures.indicator', 'figures') }} as series_break,
    'A' as obs_status,
    cast(null as varchar) as absence_reason,
    'from_print' as obs_note
from rows_with_population as figures
left join index_values
    on figures.time_period = index_values.time_period
