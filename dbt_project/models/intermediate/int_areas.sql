-- Areas of each year with their population and the number of units of each set that lie in them.
with members as (
    select * from {{ ref('int_area_members') }}
),

units as (
    select * from {{ ref('int_units') }}
)

select
    members.time_period,
    members.area_basis,
    members.unit_level,
    members.unit_code,
    min(members.unit_name) as unit_name,
    sum(units.population_under_18) as population_under_18,
    sum(units.population_18_plus) as population_18_plus,
    count(distinct units.municipality_code) as units_municipalities,
    count(distinct case when units.unit_level in ('municipality', 'city_district') then units.unit_code end)
        as units_with_districts,
    count(distinct case when units.unit_level in ('municipality', 'city_district', 'agency') then units.unit_code end)
        as units_with_agencies
from members
inner join units
    on members.time_period = units.time_period
    and members.member_code = units.unit_code
group by members.time_period, members.area_basis, members.unit_level, members.unit_code
