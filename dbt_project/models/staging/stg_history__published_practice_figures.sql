select
    subject,
    time_period,
    state,
    target_group,
    reporting_form,
    measure,
    measured
from {{ source('history', 'published_practice_figures') }}
