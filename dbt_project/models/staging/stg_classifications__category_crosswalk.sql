select
    question,
    category_from,
    cast(time_period_from as integer) as time_period_from,
    category_to,
    cast(time_period_to as integer) as time_period_to,
    verdict,
    reason_nb,
    reason_en
from {{ source('classifications', 'category_crosswalk') }}
