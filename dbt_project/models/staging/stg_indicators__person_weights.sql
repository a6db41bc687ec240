select
    answer,
    cast(weight_main as decimal(18, 6)) as weight_main,
    cast(weight_alternative as decimal(18, 6)) as weight_alternative
from {{ source('indicators', 'person_weights') }}
