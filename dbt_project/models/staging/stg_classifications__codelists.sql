select
    codelist,
    code,
    cast(sort_order as integer) as sort_order,
    label_nb,
    label_en,
    parent,
    sign
from {{ source('classifications', 'codelists') }}
