select
    indicator,
    cast(from_year as integer) as from_year,
    base
from {{ source('indicators', 'bases') }}
