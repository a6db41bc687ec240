-- A correction whose expected old value is not there any more says so, and blocks the publication.
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
where verdict != 'applied'
