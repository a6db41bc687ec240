select
    form,
    indicator,
    item,
    {{ joined('answer', '|', 'answer') }} as answers
from {{ ref('int_indicator_answers') }}
group by form, indicator, item
