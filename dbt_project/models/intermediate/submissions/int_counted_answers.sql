-- The answers that count, after corrections: one row an answer of a unit. Everything that is published of a unit starts
-- here.
with answers as (
    select answers.*
    from {{ ref('int_answers') }} as answers
    inner join {{ ref('int_counted_rows') }} as counted
        on answers.form = counted.form
        and answers.file = counted.file
        and answers.sheet = counted.sheet
        and answers.row_number = counted.row_number
),

corrections as (
    select * from {{ ref('int_corrections') }}
    where verdict = 'applied'
),

uncorrected as (
    select answers.*
    from answers
    left join corrections
        on answers.form = corrections.form
        and answers.unit_code = corrections.unit_code
        and answers.question = corrections.question
        and answers.item = corrections.item
        and answers.target_group = corrections.target_group
        and answers.reporting_form = corrections.reporting_form
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
    fate = 'rejected' as is_rejected,
    -- A code that says "no answer" is a number too.
    case when fate_reason = 'answer' then number_value end as number_value,
    case when fate_reason = 'answer' then answer end as answer,
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
