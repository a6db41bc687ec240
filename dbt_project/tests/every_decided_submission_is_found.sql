-- A decision on which submission counts is reported and blocks the publication when it names no contested row or contradicts
-- another decision.
{{ config(meta={'dagster': {'ref': {'name': 'int_submission_decisions'}}}) }}
select
    decision,
    unit_code,
    time_period,
    file,
    row_number,
    verdict
from {{ ref('int_submission_decisions') }}
where verdict != 'applied'
