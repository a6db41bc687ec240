with parameters as (
    select
        max(case when parameter = 'price_year' then value end) as price_year,
        max(case when parameter = 'cpi_base_year' then value end) as cpi_base_year
    from {{ ref('stg_classifications__parameters') }}
)

select
    prices.time_period,
    parameters.price_year,
    case
        when prices.time_period <= parameters.cpi_base_year then cast(base.cpi_1998_100 as double) / prices.cpi_1998_100
        else cast(base.cpi_2015_100 as double) / prices.cpi_2015_100
    end as price_factor
from {{ ref('stg_reference__cpi') }} as prices
cross join parameters
inner join {{ ref('stg_reference__cpi') }} as base
    on parameters.price_year = base.time_period
