select
    source_id,
    table_id,
    cell_key,
    report_year,
    table_title_short,
    measure,
    unit,
    dimensions,
    time_period,
    cast(value as double) as value,
    value_text,
    decimals,
    n_base,
    note
from {{ ref('stg_published__figures') }}
