with members as (
    select * from {{ ref('int_area_members') }}
),

units as (
    select * from {{ ref('int_units') }}
),

pieces as (
    select * from {{ ref('int_unit_pieces') }}
),

answered as (
    -- A unit that left one target group blank has answered: which one it left out is told of no unit.
    select distinct
        time_period,
        unit_code,
        question
    from {{ ref('int_fte__unit') }}
    where category = 'total' and fte is not null
),

covered as (
    select
        members.time_period,
        members.area_basis,
        members.unit_level,
        members.unit_code,
        answered.question,
        sum(case when members.piece_code is null then units.population_under_18 else pieces.population_under_18 end)
            as population_under_18,
        sum(case when members.piece_code is null then units.population_18_plus else pieces.population_18_plus end)
            as population_18_plus
    from members
    inner join answered
        on members.time_period = answered.time_period
        and members.member_code = answered.unit_code
    inner join units
        on members.time_period = units.time_period
        and members.member_code = units.unit_code
    left join pieces
        on members.time_period = pieces.time_period
        and members.member_code = pieces.unit_code
        and members.piece_code = pieces.piece_code
    group by members.time_period, members.area_basis, members.unit_level, members.unit_code, answered.question
)

select
    covered.time_period,
    covered.area_basis,
    covered.unit_level,
    covered.unit_code,
    covered.question,
    populations.target_group,
    cast(
        case populations.target_group
            when 'children' then covered.population_under_18
            when 'adults' then covered.population_18_plus
            else covered.population_under_18 + covered.population_18_plus
        end as double
    ) / nullif(cast(populations.population as double), 0) as coverage
from covered
inner join {{ ref('int_area_populations') }} as populations
    on covered.time_period = populations.time_period
    and covered.area_basis = populations.area_basis
    and covered.unit_level = populations.unit_level
    and covered.unit_code = populations.unit_code
