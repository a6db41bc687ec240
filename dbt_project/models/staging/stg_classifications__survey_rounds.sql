select
    survey,
    cast(time_period as integer) as time_period,
    cast(collection_year as integer) as collection_year,
    source
from {{ source('classifications', 'survey_rounds') }}
