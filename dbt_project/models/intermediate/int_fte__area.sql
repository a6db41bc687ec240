-- FTE of every area as the sum of its units, with the greatest error that the rounding of the units allows.
with fte as (
    select * from {{ ref('int_fte__unit') }}
),

members as (
    select * from {{ ref('int_area_members') }}
)

select
    members.time_period,
    members.area_basis,
    members.unit_level,
    members.unit_code,
    fte.target_group,
    fte.service_type,
    {{ exact('sum(fte.fte)') }} as fte,
    {{ exact('sum(fte.fte_error)') }} as fte_error,
    count(distinct fte.unit_code) as units_with_value,
    max(fte.obs_note) as unit_note
from members
inner join fte
    on members.time_period = fte.time_period
    and members.member_code = fte.unit_code
group by
    members.time_period, members.area_basis, members.unit_level, members.unit_code, fte.target_group, fte.service_type
