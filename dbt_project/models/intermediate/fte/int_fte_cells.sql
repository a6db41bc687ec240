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
    cast(null as integer) as carried_from,
    false as is_confirmed,
    is_rejected,
    is_half_missing,
    is_corrected,
    false as is_estimated,
    false as is_weight_estimated,
    false as is_weight_missing,
    false as is_from_constructed
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
    case when is_carried_forward then fte else {{ exact('0') }} end as fte_carried_forward,
    is_carried_forward,
    case when is_carried_forward and origin_period < time_period - 1 then origin_period end as carried_from,
    is_confirmed,
    is_rejected,
    is_half_missing,
    is_corrected,
    is_estimated,
    is_weight_estimated,
    false as is_weight_missing,
    is_from_constructed
from {{ ref('int_fte_taken_over') }}
