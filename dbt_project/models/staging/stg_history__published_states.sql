select
    subject,
    indicator,
    item,
    time_period,
    state,
    basis
from {{ source('history', 'published_states') }}
