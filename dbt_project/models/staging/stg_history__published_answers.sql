select
    subject,
    indicator,
    item,
    time_period,
    state,
    member_code,
    answer_sha256
from {{ source('history', 'published_answers') }}
