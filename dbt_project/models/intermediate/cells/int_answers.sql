with answers as (
    select * from {{ ref('int_cells') }}
    where
        use = 'answer'
        and fate in ('mapped', 'rejected')
        and fate_reason != 'blank'
        -- A box that says "no answer" is not an answer.
        and (type not in ('codes', 'tick') or fate = 'rejected' or fate_reason = 'answer')
)

select
    answers.row_key,
    answers.column_number,
    answers.form,
    answers.survey,
    answers.time_period,
    answers.unit_code,
    answers.stratum,
    answers.submitted_at,
    answers.submission_status,
    answers.submission_key,
    answers.question,
    answers.item,
    answers.target_group,
    answers.reporting_form,
    case when answers.type = 'codes' then 'tick' else answers.type end as type,
    answers.measure_unit,
    answers.fate,
    answers.fate_reason,
    answers.number_value,
    case
        when answers.type = 'code' then answers.option_answer
        when answers.type = 'codes' then chosen_options.answer
        when answers.type = 'tick' and answers.fate_reason = 'answer' and answers.is_ticked then answers.answer
    end as answer,
    answers.text,
    answers.file,
    answers.sheet,
    answers.row_number,
    answers.line
from answers
left join {{ ref('int_chosen_options') }} as chosen_options
    on answers.type = 'codes'
    and answers.fate_reason = 'answer'
    and answers.row_key = chosen_options.row_key
    and answers.column_number = chosen_options.column_number
