select
    priority,
    unit_level,
    area_basis
from {{ source('disclosure', 'levels') }}
