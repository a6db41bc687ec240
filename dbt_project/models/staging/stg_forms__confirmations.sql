select
    form,
    layout,
    text
from {{ source('forms', 'confirmations') }}
