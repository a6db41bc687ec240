select
    codelist,
    code,
    label_nb,
    label_en,
    cast(line_number as integer) as line_number
from {{ source('indicators', 'answers') }}
