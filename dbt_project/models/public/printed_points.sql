select
    source_id,
    table_id,
    cell_key,
    indicator,
    item,
    answer,
    target_group,
    category,
    time_period,
    unit_level,
    unit_code,
    measure,
    unit,
    value,
    decimals,
    'print' as source
from {{ ref('mart_printed_points') }}
