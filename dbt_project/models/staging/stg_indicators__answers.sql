-- Labels of answers and of rows of grids.
select
    codelist,
    code,
    label_nb,
    label_en
from {{ source('indicators', 'answers') }}
