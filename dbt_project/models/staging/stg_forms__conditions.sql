select
    form,
    line,
    header,
    text
from {{ source('forms', 'conditions') }}
