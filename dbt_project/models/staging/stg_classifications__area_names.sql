-- Area names in print and in the reference data, and their codes.
select
    unit_level,
    printed_name,
    unit_code
from {{ source('classifications', 'area_names') }}
