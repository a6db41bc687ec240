select
    indicator,
    label_nb,
    label_en,
    scale,
    base,
    answered_with,
    aliases
from {{ source('indicators', 'indicators') }}
