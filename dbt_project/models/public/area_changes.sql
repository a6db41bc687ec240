select
    change_year,
    old_code,
    old_name,
    new_code,
    new_name,
    change_type,
    cast(weight as double) as weight,
    cast(weight_under_18 as double) as weight_under_18,
    cast(weight_18_plus as double) as weight_18_plus,
    cast(weight_residual_estimate as double) as weight_residual_estimate,
    weight_basis,
    former_code,
    source
from {{ ref('stg_reference__municipality_changes') }}
