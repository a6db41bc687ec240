select
    form,
    sha256,
    unit_code,
    question,
    item,
    target_group,
    reporting_form
from {{ source('history', 'answer_rolls') }}
