select
    indicator,
    sensitivity
from {{ source('disclosure', 'indicators') }}
