select
    form,
    layout,
    status,
    meaning
from {{ source('forms', 'statuses') }}
