select
    correction,
    unit_code,
    time_period,
    question,
    item,
    target_group,
    reporting_form,
    expect,
    value,
    kind,
    reason,
    decided_by,
    decided_on
from {{ source('decisions', 'corrections') }}
