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
