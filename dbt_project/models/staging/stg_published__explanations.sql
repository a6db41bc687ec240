select
    explanation_id,
    source_id,
    table_id,
    cell_key,
    compared_with,
    {{ exact('difference') }} as difference,
    reason_nb,
    reason_en,
    decided_by,
    cast(valid_until as date) as valid_until
from {{ source('published', 'explanations') }}
