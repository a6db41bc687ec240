-- The releases of the calendar; candidates are made for the one that is prepared.
select
    release,
    time_period,
    status,
    release_date,
    is_prepared
from {{ source('decisions', 'releases') }}
