select
    indicator,
    cast(time_period as integer) as time_period,
    state,
    nullif(successor, '') as successor
from {{ source('indicators', 'question_ends') }}
