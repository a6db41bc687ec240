select
    unit_level,
    printed_name,
    unit_code
from {{ source('classifications', 'area_names') }}
