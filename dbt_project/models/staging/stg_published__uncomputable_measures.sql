select
    measure,
    reason
from {{ source('published', 'uncomputable_measures') }}
