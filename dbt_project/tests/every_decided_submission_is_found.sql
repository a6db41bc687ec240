-- A decision on which answer counts that names no row of a contest, or contradicts another, says so, and blocks the
-- publication.
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
