-- A correction whose expected old value is no longer delivered is reported and blocks the publication, unless the delivery
-- now has the corrected value.
{{ config(meta={'dagster': {'ref': {'name': 'int_corrections'}}}) }}
select
    correction,
    unit_code,
    time_period,
    question,
    item,
    expect,
    verdict
from {{ ref('int_corrections') }}
where verdict not in ('applied', 'held_already')
