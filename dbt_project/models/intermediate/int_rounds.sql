-- Rounds that enter a public series. The year of collection decides which population an amount is divided by.
select
    survey,
    time_period,
    series,
    collection_year,
    printed_total,
    units_carried_forward
from {{ ref('stg_classifications__survey_rounds') }}
where series is not null
