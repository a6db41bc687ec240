select
    cast(year as integer) as time_period,
    municipality_code,
    cast(population_under_18 as integer) as population_under_18,
    cast(population_18_plus as integer) as population_18_plus
from {{ source('reference', 'population') }}
