select
    cast(change_year as integer) as change_year,
    old_code,
    old_name,
    new_code,
    new_name,
    change_type,
    cast(weight as decimal(18, 6)) as weight,
    cast(weight_under_18 as decimal(18, 6)) as weight_under_18,
    cast(weight_18_plus as decimal(18, 6)) as weight_18_plus,
    cast(weight_residual_estimate as decimal(18, 6)) as weight_residual_estimate,
    weight_basis,
    former_code,
    source
from {{ source('reference', 'municipality_changes') }}
