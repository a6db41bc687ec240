select
    form,
    question,
    answer,
    row_number() over (
        partition by form, question
        order by min(coalesce(try_cast(code as decimal(18, 6)), 0)), min(code), answer
    ) as option_order
from {{ ref('stg_forms__options') }}
where answer is not null
group by form, question, answer
