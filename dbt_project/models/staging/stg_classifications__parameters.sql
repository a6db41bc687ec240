select
    parameter,
    cast(value as decimal(18, 6)) as value
from {{ source('classifications', 'parameters') }}
