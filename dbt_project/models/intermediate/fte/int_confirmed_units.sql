select distinct
    counted.form,
    counted.unit_code
from {{ ref('int_counted_rows') }} as counted
inner join {{ ref('stg_raw__cells') }} as cells
    on counted.row_key = cells.row_key
inner join {{ ref('stg_forms__identifiers') }} as identifiers
    on cells.form = identifiers.form
    and cells.layout = identifiers.layout
    and cells.header = identifiers.header
    and identifiers.role = 'confirmed'
inner join {{ ref('stg_forms__confirmations') }} as confirmations
    on cells.form = confirmations.form
    and cells.layout = confirmations.layout
    and lower({{ code_text('cells.text') }}) = confirmations.text
