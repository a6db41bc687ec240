-- Internal: the ledger of submissions: what was delivered of each unit in each round, and which submission counts.
select
    form,
    survey,
    time_period,
    unit_code,
    submission_key,
    submitted_at,
    verdict,
    rejected_reason
from {{ ref('int_submissions') }}
