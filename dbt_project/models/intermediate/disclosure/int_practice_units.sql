select
    subject,
    time_period,
    target_group,
    member_code,
    is_one,
    is_other,
    said_sha256
from {{ ref('int_practice_units__forms') }}

union all

select
    subject,
    time_period,
    target_group,
    member_code,
    is_one,
    is_other,
    said_sha256
from {{ ref('int_practice_units__practice') }}
