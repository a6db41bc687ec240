with bases as (
    select * from {{ ref('stg_indicators__bases') }}
),

indicators as (
    select indicator from {{ ref('int_indicator_rounds') }}
    union
    select indicator from bases
    where indicator != '*'
),

periods as (
    select distinct time_period from {{ ref('int_rounds') }}
),

candidates as (
    select
        indicators.indicator,
        periods.time_period,
        bases.base,
        row_number() over (
            partition by indicators.indicator, periods.time_period
            order by case when bases.indicator = '*' then 1 else 0 end, bases.from_year desc
        ) as choice
    from indicators
    cross join periods
    inner join bases
        on bases.indicator in (indicators.indicator, '*')
        and periods.time_period >= bases.from_year
)

select
    indicator,
    time_period,
    base
from candidates
where choice = 1
