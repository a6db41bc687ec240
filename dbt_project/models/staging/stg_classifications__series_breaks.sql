select
    indicator,
    cast(time_period as integer) as time_period,
    kind,
    cast(comparable_before as boolean) as comparable_before,
    description_nb,
    description_en,
    source
from {{ source('classifications', 'series_breaks') }}
