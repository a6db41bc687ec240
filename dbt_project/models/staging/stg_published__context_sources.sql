select
    source_id,
    label_nb,
    label_en
from {{ source('published', 'context_sources') }}
