-- The answers that each form offers to each row of an indicator: its options, groups and unions, as far as a unit answered.
select distinct
    form,
    time_period,
    indicator,
    item,
    answer
from {{ ref('int_indicator_choices') }}
