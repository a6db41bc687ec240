select
    release,
    time_period,
    status,
    release_date,
    is_prepared
from {{ source('decisions', 'releases') }}
