with names as (
    select * from {{ ref('int_unit_names') }}
),

successors as (
    select * from {{ ref('int_code_successors') }}
),

parts as (
    select
        time_period,
        unit_code
    from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

candidates as (
    select
        successors.time_period,
        names.name,
        successors.successor_code as unit_code,
        successors.code = successors.successor_code as is_of_the_year
    from names
    inner join successors
        on names.unit_code = successors.code

    union

    select
        parts.time_period,
        names.name,
        parts.unit_code,
        true as is_of_the_year
    from names
    inner join parts
        on names.unit_code = parts.unit_code
),

ranked as (
    select
        *,
        bool_or(is_of_the_year) over (partition by time_period, name) as has_one_of_the_year
    from candidates
)

select
    time_period,
    name,
    min(unit_code) as unit_code,
    count(distinct unit_code) as unit_count
from ranked
where is_of_the_year or not has_one_of_the_year
group by time_period, name
