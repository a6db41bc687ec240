with answers as (
    select * from {{ ref('int_delivered_answers') }}
),

corrections as (
    select * from {{ ref('int_corrections') }}
    where verdict = 'applied'
),

uncorrected as (
    select answers.*
    from answers
    left join corrections
        on {{ same_question('answers', 'corrections') }}
        and answers.unit_code = corrections.unit_code
    where corrections.form is null
)

select
    form,
    survey,
    time_period,
    unit_code,
    stratum,
    question,
    item,
    target_group,
    reporting_form,
    type,
    measure_unit,
    is_rejected,
    number_value,
    answer,
    false as is_corrected
from uncorrected

union all

select
    form,
    survey,
    time_period,
    unit_code,
    cast(null as string) as stratum,
    question,
    item,
    target_group,
    reporting_form,
    type,
    measure_unit,
    false as is_rejected,
    number_value,
    case when type = 'code' then value end as answer,
    true as is_corrected
from corrections
