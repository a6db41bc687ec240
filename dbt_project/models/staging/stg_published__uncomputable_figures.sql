select
    source_id,
    table_id,
    cell_key,
    reason,
    decided_by
from {{ source('published', 'uncomputable_figures') }}
