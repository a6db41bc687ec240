with breaks as (
    select * from {{ ref('int_area_breaks') }}
),

areas as (
    select
        time_period,
        unit_level,
        unit_code,
        unit_name
    from {{ ref('int_areas') }}
    where area_basis = 'reported'
)

select
    breaks.time_period,
    breaks.unit_level,
    breaks.unit_code,
    areas.unit_name,
    breaks.members_joined,
    breaks.members_left,
    breaks.description_nb,
    breaks.description_en
from breaks
inner join areas
    on breaks.time_period = areas.time_period
    and breaks.unit_level = areas.unit_level
    and breaks.unit_code = areas.unit_code
