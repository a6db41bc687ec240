-- Units whose counted submission says that they confirmed the values of the round before that stood in their form already,
-- in the words of the form.
select distinct
    counted.form,
    counted.unit_code
from {{ ref('int_counted_rows') }} as counted
inner join {{ ref('stg_raw__cells') }} as cells
    on counted.form = cells.form
    and counted.file = cells.file
    and counted.sheet = cells.sheet
    and counted.layout = cells.layout
    and counted.row_number = cells.row_number
inner join {{ source('forms', 'identifiers') }} as identifiers
    on cells.form = identifiers.form
    and cells.layout = identifiers.layout
    and cells.header = identifiers.header
    and identifiers.role = 'confirmed'
inner join {{ source('forms', 'confirmations') }} as confirmations
    on cells.form = confirmations.form
    and cells.layout = confirmations.layout
    and lower({{ code_text('cells.text') }}) = confirmations.text
