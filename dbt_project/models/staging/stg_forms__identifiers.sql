select
    form,
    layout,
    role,
    priority,
    header
from {{ source('forms', 'identifiers') }}
