with responses as (
    select
        form,
        count(*) as unit_count
    from {{ ref('int_unit_responses') }}
    where has_answered
    group by form
),

named as (
    select * from {{ ref('ctl_answer_columns') }}
),

answers as (
    select
        named.form,
        named.type,
        named.column_name,
        answers.answer,
        cast(count(*) as double) / max(responses.unit_count) as share
    from named
    inner join responses
        on named.form = responses.form
    inner join {{ ref('int_counted_answers') }} as answers
        on {{ same_question('named', 'answers') }}
        and named.type = answers.type
        and (named.type = 'code' or named.box = answers.answer)
    where answers.answer is not null
    group by named.form, named.type, named.column_name, answers.answer
)

-- All boxes have the same answer, so that any two of them can be compared.
select
    form,
    type,
    column_name,
    case when type = 'tick' then 'ticked' else answer end as answer,
    share
from answers

union all

select
    form,
    type,
    column_name,
    'none' as answer,
    greatest(1 - sum(share), 0) as share
from answers
group by form, type, column_name
