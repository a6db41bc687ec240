with areas as (
    select distinct
        time_period,
        unit_set,
        area_basis,
        unit_level,
        unit_code
    from {{ ref('int_unit_set_members') }}
)

select
    time_period,
    unit_set,
    area_basis,
    unit_level,
    unit_code,
    row_number() over (order by time_period, unit_set, area_basis, unit_level, unit_code) as area_number
from areas
