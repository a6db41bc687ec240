select
    classification,
    cast(boundary_year as integer) as boundary_year,
    cast(valid_from_year as integer) as valid_from_year,
    cast(valid_to_year as integer) as valid_to_year
from {{ source('classifications', 'kostra_lists') }}
