select
    agency_code,
    agency_name,
    municipality_code,
    hf_code,
    cast(valid_from_year as integer) as valid_from_year
from {{ source('classifications', 'agencies') }}
