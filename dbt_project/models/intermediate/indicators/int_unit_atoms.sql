with members as (
    select * from {{ ref('int_unit_set_members') }}
),

areas as (
    select * from {{ ref('int_unit_set_areas') }}
),

member_areas as (
    select
        members.time_period,
        members.member_code,
        areas.area_number
    from members
    inner join areas
        on members.time_period = areas.time_period
        and members.unit_set = areas.unit_set
        and {{ same_area('members', 'areas') }}
),

placed_members as (
    select
        time_period,
        member_code,
        {{ joined('cast(area_number as string)', ' ', 'area_number') }} as places
    from member_areas
    group by time_period, member_code
),

atoms as (
    select
        time_period,
        member_code,
        dense_rank() over (order by time_period, places) as atom
    from placed_members
)

select
    atoms.time_period,
    atoms.member_code,
    atoms.atom,
    member_areas.area_number
from atoms
inner join member_areas
    on atoms.time_period = member_areas.time_period
    and atoms.member_code = member_areas.member_code
