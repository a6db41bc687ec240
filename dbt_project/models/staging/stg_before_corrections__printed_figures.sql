select
    source_id,
    table_id,
    cell_key,
    line_number,
    computed,
    verdict
from {{ source('before_corrections', 'printed_figures') }}
