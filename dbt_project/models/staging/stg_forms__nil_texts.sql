select
    form,
    text
from {{ source('forms', 'nil_texts') }}
