select
    subject,
    kind,
    item,
    cast(sort_order as integer) as sort_order,
    state,
    cast(is_table_note as boolean) as is_table_note,
    text_nb,
    text_en,
    source_nb,
    source_en,
    page
from {{ source('indicators', 'definitions') }}
