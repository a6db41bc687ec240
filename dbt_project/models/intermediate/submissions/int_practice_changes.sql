select distinct
    form,
    time_period,
    unit_code
from {{ ref('int_counted_answers') }}
where question = 'changed_reporting_practice' and answer = 'yes'
