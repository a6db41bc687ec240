select
    indicator,
    time_period,
    kind,
    comparable_before,
    description_nb,
    description_en,
    source
from {{ ref('int_series_breaks') }}
