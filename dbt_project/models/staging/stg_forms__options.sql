select
    form,
    question,
    code,
    answer,
    label_nb,
    missing_reason
from {{ source('forms', 'options') }}
