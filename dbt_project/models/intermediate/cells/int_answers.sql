-- Typed answers: one row a delivered cell that is an answer, with the unit that gave it and where it stands. Blank
-- cells have no row; which answers are missing is decided where blocks and questions are known.
select
    form,
    survey,
    time_period,
    unit_code,
    stratum,
    submitted_at,
    submission_status,
    submission_key,
    question,
    item,
    target_group,
    reporting_form,
    type,
    measure_unit,
    fate,
    fate_reason,
    number_value,
    case
        when type = 'code' then option_answer
        when type = 'tick' and fate_reason = 'answer' and is_ticked then answer
    end as answer,
    text,
    file,
    sheet,
    row_number,
    column_number,
    line
from {{ ref('int_cells') }}
where
    use = 'answer'
    and fate in ('mapped', 'rejected')
    and fate_reason != 'blank'
    -- A box that says "no answer" is no box of somebody who answered.
    and not (type = 'tick' and fate_reason = 'missing_code')
