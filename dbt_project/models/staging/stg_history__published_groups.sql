select
    subject,
    indicator,
    item,
    time_period,
    state,
    members_sha256,
    measure,
    measured
from {{ source('history', 'published_groups') }}
