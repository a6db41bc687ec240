with members as (
    select * from {{ ref('int_area_members') }}
),

units as (
    select * from {{ ref('int_units') }}
),

pieces as (
    select * from {{ ref('int_unit_pieces') }}
)

select
    members.time_period,
    members.area_basis,
    members.unit_level,
    members.unit_code,
    members.unit_name,
    units.unit_level as member_level,
    units.unit_code as member_code,
    members.piece_code,
    units.municipality_code,
    members.piece_code is not null as is_piece,
    case
        when members.piece_code is null then {{ exact('units.population_under_18') }} else pieces.population_under_18
    end
        as population_under_18,
    case when members.piece_code is null then {{ exact('units.population_18_plus') }} else pieces.population_18_plus end
        as population_18_plus,
    members.piece_code is not null and pieces.population_18_plus is null as is_unknown
from members
inner join units
    on members.time_period = units.time_period
    and members.member_code = units.unit_code
left join pieces
    on members.time_period = pieces.time_period
    and members.member_code = pieces.unit_code
    and members.piece_code = pieces.piece_code
