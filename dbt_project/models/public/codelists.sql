select
    codelist,
    code,
    sort_order,
    label_nb,
    label_en,
    parent,
    sign
from {{ ref('int_codelists') }}
