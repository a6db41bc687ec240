-- A unit that answered a question with one choice chose exactly one option.
{{ config(meta={'dagster': {'ref': {'name': 'int_unit_answers'}}}) }}
select
    form,
    unit_code,
    question,
    item,
    target_group,
    reporting_form,
    sum(case when is_chosen then 1 else 0 end) as chosen
from {{ ref('int_unit_answers') }}
where choice_type = 'single'
group by form, unit_code, question, item, target_group, reporting_form
having sum(case when is_chosen then 1 else 0 end) != 1
