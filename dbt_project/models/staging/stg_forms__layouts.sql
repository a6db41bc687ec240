select
    form,
    layout,
    links_to,
    link_header,
    link_by,
    rows_are,
    code_pattern
from {{ source('forms', 'layouts') }}
