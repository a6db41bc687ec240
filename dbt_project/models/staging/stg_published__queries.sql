select
    source_id,
    table_id,
    cell_key,
    role,
    cast(factor as double) as factor,
    public_table,
    measure,
    {{ parse_dimensions('dimensions') }} as dimension,
    cast(line_number as integer) as line_number
from {{ source('published', 'queries') }}
