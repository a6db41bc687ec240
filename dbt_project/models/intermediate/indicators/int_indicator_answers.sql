select distinct
    form,
    time_period,
    indicator,
    item,
    answer
from {{ ref('int_indicator_choices') }}
