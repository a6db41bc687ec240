-- FTE of each unit by the smallest cells of the form, reported or carried forward: the one place where all figures of a unit
-- come from.
select
    time_period,
    unit_code,
    question,
    target_group,
    reporting_form,
    category,
    fte,
    {{ exact('0') }} as fte_carried_forward,
    false as is_carried_forward,
    is_rejected,
    is_half_missing,
    is_corrected,
    false as is_estimated,
    false as is_weight_estimated,
    false as is_weight_missing
from {{ ref('int_fte_reported') }}

union all

select
    time_period,
    unit_code,
    question,
    target_group,
    reporting_form,
    category,
    fte,
    fte as fte_carried_forward,
    true as is_carried_forward,
    is_rejected,
    is_half_missing,
    is_corrected,
    is_estimated,
    is_weight_estimated,
    false as is_weight_missing
from {{ ref('int_fte_carried_forward') }}
