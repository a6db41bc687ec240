select
    source_id,
    table_id,
    county,
    unit_set
from {{ source('published', 'unit_sets') }}
