select
    form,
    line,
    text
from {{ source('forms', 'doubtful_codes') }}
