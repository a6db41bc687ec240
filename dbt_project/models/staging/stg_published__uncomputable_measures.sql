-- Measures that no delivery can give.
select
    measure,
    reason
from {{ source('published', 'uncomputable_measures') }}
