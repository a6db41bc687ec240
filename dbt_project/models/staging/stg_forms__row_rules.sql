select
    form,
    layout,
    rule_order,
    reason,
    header,
    pattern
from {{ source('forms', 'row_rules') }}
