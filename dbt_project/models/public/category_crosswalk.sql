select
    question,
    category_from,
    time_period_from,
    category_to,
    time_period_to,
    verdict,
    reason_nb,
    reason_en
from {{ ref('stg_classifications__category_crosswalk') }}
