select
    indicator,
    label_nb,
    label_en,
    scale,
    answered_with,
    aliases
from {{ source('indicators', 'indicators') }}
