with units as (
    select * from {{ ref('int_units') }}
),

successors as (
    select * from {{ ref('int_municipality_successors') }}
),

periods as (
    select distinct
        time_period,
        target_period
    from successors
),

of_municipalities as (
    select
        units.time_period,
        successors.target_period,
        units.unit_code,
        later.unit_code as successor_code,
        case when later.unit_level = 'municipality' then successors.weight_children end as weight_children,
        case when later.unit_level = 'municipality' then successors.weight_adults end as weight_adults,
        successors.is_weight_estimated
    from units
    inner join successors
        on units.time_period = successors.time_period
        and units.municipality_code = successors.municipality_code
    inner join units as later
        on successors.target_period = later.time_period
        and successors.successor_code = later.municipality_code
    where units.unit_level = 'municipality'
),

of_parts as (
    -- Districts and agencies keep their codes.
    select
        units.time_period,
        later.time_period as target_period,
        units.unit_code,
        later.unit_code as successor_code,
        {{ exact('1') }} as weight_children,
        {{ exact('1') }} as weight_adults,
        false as is_weight_estimated
    from units
    inner join periods
        on units.time_period = periods.time_period
    inner join units as later
        on periods.target_period = later.time_period
        and units.unit_code = later.unit_code
    where units.unit_level != 'municipality'
),

all_units as (
    select * from of_municipalities
    union all
    select * from of_parts
)

select
    time_period,
    target_period,
    unit_code,
    successor_code,
    weight_children,
    weight_adults,
    is_weight_estimated,
    count(*) over (partition by time_period, target_period, unit_code) as successor_count,
    successor_code = max(successor_code) over (partition by time_period, target_period, unit_code) as is_last
from all_units
