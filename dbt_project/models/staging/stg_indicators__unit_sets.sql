select
    indicator,
    cast(from_year as integer) as from_year,
    unit_set
from {{ source('indicators', 'unit_sets') }}
