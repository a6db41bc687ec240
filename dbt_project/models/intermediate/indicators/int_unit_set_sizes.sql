select
    time_period,
    area_basis,
    unit_set,
    unit_level,
    unit_code,
    min(unit_name) as unit_name,
    count(*) as n_units
from {{ ref('int_unit_set_members') }}
group by time_period, area_basis, unit_set, unit_level, unit_code
