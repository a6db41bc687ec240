select
    form,
    line,
    text,
    low,
    high
from {{ source('forms', 'missing_texts') }}
