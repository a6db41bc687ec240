select
    subject,
    indicator,
    item,
    time_period,
    unit_set,
    area_basis,
    unit_level,
    unit_code,
    members_sha256,
    reason
from {{ ref('int_disclosure_decisions') }}
where decision = 'hidden'
