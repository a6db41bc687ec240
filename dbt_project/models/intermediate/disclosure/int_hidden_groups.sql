-- The groups that are not shown, and why: too few units answered (small), something of a unit would follow (protecting), or
-- the area cuts others or lies on a level that the policy leaves out (left_out).
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
