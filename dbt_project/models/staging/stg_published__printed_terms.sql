select
    source_id,
    dimension,
    printed_code,
    code
from {{ source('published', 'printed_terms') }}
