select
    subject,
    time_period,
    state,
    target_group,
    member_code,
    said_sha256
from {{ source('history', 'published_practice_units') }}
