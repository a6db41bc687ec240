select distinct
    form,
    unit_code,
    question,
    item,
    target_group,
    reporting_form
from {{ ref('int_delivered_answers') }}
where number_value is not null or answer is not null
