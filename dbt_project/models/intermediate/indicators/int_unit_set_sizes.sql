with members as (
    select * from {{ ref('int_unit_set_members') }}
),

counted as (
    select
        time_period,
        area_basis,
        unit_set,
        member_code
    from members
    where unit_level = 'country'
)

select
    members.time_period,
    members.area_basis,
    members.unit_set,
    members.unit_level,
    members.unit_code,
    min(members.unit_name) as unit_name,
    count(*) as n_units,
    count(*) - count(counted.member_code) as n_outside_country
from members
left join counted
    on members.time_period = counted.time_period
    and members.area_basis = counted.area_basis
    and members.unit_set = counted.unit_set
    and members.member_code = counted.member_code
group by members.time_period, members.area_basis, members.unit_set, members.unit_level, members.unit_code
