-- Words of the printed reports that differ from the codes of the long tables.
select
    source_id,
    dimension,
    printed_code,
    code
from {{ source('published', 'printed_terms') }}
