select
    subject,
    time_period,
    state
from {{ source('history', 'published_practice_states') }}
