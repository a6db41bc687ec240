select
    scale,
    answer,
    cast(score as integer) as score
from {{ source('indicators', 'scores') }}
