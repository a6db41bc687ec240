with groups as (
    select
        time_period,
        area_basis,
        unit_set,
        unit_level,
        unit_code,
        {{ joined('member_code', '|', 'member_code') }} as members
    from {{ ref('int_unit_set_members') }}
    group by time_period, area_basis, unit_set, unit_level, unit_code
)

select
    time_period,
    area_basis,
    unit_set,
    unit_level,
    unit_code,
    members,
    {{ text_hash('members') }} as members_sha256
from groups
