select
    series,
    survey,
    time_period,
    collection_year,
    form,
    non_response,
    is_delivered
from {{ ref('int_survey_rounds') }}
where series is not null
