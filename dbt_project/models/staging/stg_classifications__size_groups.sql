select
    size_group,
    cast(population_above as integer) as population_above,
    cast(population_up_to as integer) as population_up_to
from {{ source('classifications', 'size_groups') }}
