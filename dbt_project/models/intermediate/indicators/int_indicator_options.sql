-- The answers that each form offers to each row of an indicator, joined by a bar.
with choices as (
    select distinct
        form,
        indicator,
        item,
        answer
    from {{ ref('int_indicator_choices') }}
)

select
    form,
    indicator,
    item,
    {{ joined('answer', '|', 'answer') }} as answers
from choices
group by form, indicator, item
