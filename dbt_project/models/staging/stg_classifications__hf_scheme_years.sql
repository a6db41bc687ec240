select
    scheme,
    cast(valid_from_year as integer) as valid_from_year,
    cast(valid_to_year as integer) as valid_to_year
from {{ source('classifications', 'hf_scheme_years') }}
