select
    cast(year as integer) as time_period,
    cast(cpi_1998_100 as decimal(18, 6)) as cpi_1998_100,
    cast(cpi_2015_100 as decimal(18, 6)) as cpi_2015_100
from {{ source('reference', 'cpi') }}
