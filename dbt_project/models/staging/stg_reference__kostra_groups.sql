select
    classification,
    cast(boundary_year as integer) as boundary_year,
    municipality_code,
    group_code
from {{ source('reference', 'kostra_groups') }}
