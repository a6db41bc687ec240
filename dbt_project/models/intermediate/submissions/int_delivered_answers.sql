with answers as (
    select
        answers.form,
        answers.survey,
        answers.time_period,
        answers.unit_code,
        answers.stratum,
        answers.question,
        answers.item,
        answers.target_group,
        answers.reporting_form,
        answers.type,
        answers.measure_unit,
        answers.fate = 'rejected' as is_rejected,
        -- A code that says "no answer" is a number too.
        case when answers.fate_reason = 'answer' then answers.number_value end as number_value,
        case when answers.fate_reason = 'answer' then answers.answer end as answer,
        answers.text,
        counted.rows_are
    from {{ ref('int_answers') }} as answers
    inner join {{ ref('int_counted_rows') }} as counted
        on answers.row_key = counted.row_key
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
    text
from answers
where rows_are = 'submissions'

union all

select
    form,
    survey,
    time_period,
    unit_code,
    max(stratum) as stratum,
    question,
    item,
    target_group,
    reporting_form,
    type,
    measure_unit,
    bool_or(is_rejected or (type = 'number' and number_value is null and rows_are = 'parts')) as is_rejected,
    -- Two rows of a long format that give the same answer are copies; two that do not are rejected.
    {{ exact("case when max(rows_are) = 'parts' then sum(number_value) else max(number_value) end") }} as number_value,
    max(answer) as answer,
    max(text) as text
from answers
where rows_are != 'submissions'
group by
    form,
    survey,
    time_period,
    unit_code,
    question,
    item,
    target_group,
    reporting_form,
    type,
    measure_unit,
    case when type = 'tick' then answer end
