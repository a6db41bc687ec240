select
    indicator,
    item,
    answer,
    unit_level,
    reference_code
from {{ source('indicators', 'odds_ratios') }}
