with populations as (
    select * from {{ ref('int_area_member_populations') }}
),

answered as (
    -- A unit that left one target group blank has answered; which group a unit left blank is not shown.
    select distinct
        time_period,
        unit_code,
        question
    from {{ ref('int_fte__unit') }}
    where category = 'total' and fte is not null
),

covered as (
    select
        populations.time_period,
        populations.area_basis,
        populations.unit_level,
        populations.unit_code,
        answered.question,
        sum(populations.population_under_18) as population_under_18,
        sum(populations.population_18_plus) as population_18_plus
    from populations
    inner join answered
        on populations.time_period = answered.time_period
        and populations.member_code = answered.unit_code
    group by
        populations.time_period, populations.area_basis, populations.unit_level, populations.unit_code, answered.question
)

select
    covered.time_period,
    covered.area_basis,
    covered.unit_level,
    covered.unit_code,
    covered.question,
    totals.target_group,
    cast(
        case totals.target_group
            when 'children' then covered.population_under_18
            when 'adults' then covered.population_18_plus
            else covered.population_under_18 + covered.population_18_plus
        end as double
    ) / nullif(cast(totals.population as double), 0) as coverage
from covered
inner join {{ ref('int_area_populations') }} as totals
    on covered.time_period = totals.time_period
    and covered.area_basis = totals.area_basis
    and covered.unit_level = totals.unit_level
    and covered.unit_code = totals.unit_code
