select
    source_id,
    table_id,
    cell_key,
    bound,
    {{ exact('below') }} as below,
    {{ exact('above') }} as above
from {{ source('published', 'bounds') }}
