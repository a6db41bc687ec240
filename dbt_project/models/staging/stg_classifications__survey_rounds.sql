-- Rounds of the surveys that were held.
select
    survey,
    cast(time_period as integer) as time_period,
    series,
    cast(collection_year as integer) as collection_year,
    cast(printed_total as boolean) as printed_total,
    cast(units_carried_forward as integer) as units_carried_forward,
    source
from {{ source('classifications', 'survey_rounds') }}
