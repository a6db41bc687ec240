-- The numbers of the disclosure policy.
select
    parameter,
    value
from {{ source('disclosure', 'limits') }}
