-- A correction whose expected old value is not there any more says so, and blocks the publication, unless the delivery has
-- the corrected value now.
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
