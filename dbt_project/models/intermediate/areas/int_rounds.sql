-- Rounds of the surveys that make the public series; the others are never added to one.
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
