-- Health-trust area of each municipality and Oslo district, by scheme.
select
    scheme,
    unit_type,
    unit_code,
    hf_code,
    hf_area,
    health_region
from {{ source('reference', 'hf_areas') }}
