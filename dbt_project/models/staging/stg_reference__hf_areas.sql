select
    scheme,
    unit_type,
    unit_code,
    hf_code,
    hf_area,
    health_region
from {{ source('reference', 'hf_areas') }}
