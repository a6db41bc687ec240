select
    municipality_code,
    municipality_name,
    county_code,
    county_name,
    cast(valid_from_year as integer) as valid_from_year,
    cast(valid_to_year as integer) as valid_to_year,
    name_plain,
    official_name
from {{ source('reference', 'municipalities') }}
