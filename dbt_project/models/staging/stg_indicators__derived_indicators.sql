select
    indicator,
    item,
    source_indicator,
    source_item
from {{ source('indicators', 'derived_indicators') }}
