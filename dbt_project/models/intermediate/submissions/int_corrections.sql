with corrections as (
    select * from {{ ref('stg_decisions__corrections') }}
),

asked as (
    select distinct
        columns.form,
        forms.survey,
        forms.time_period,
        columns.question,
        columns.item,
        columns.target_group,
        columns.reporting_form,
        columns.type,
        columns.unit as measure_unit
    from {{ ref('stg_forms__columns') }} as columns
    inner join {{ ref('stg_forms__forms') }} as forms
        on columns.form = forms.form
    where columns.use = 'answer' and columns.type in ('number', 'code')
),

answering as (
    select * from {{ ref('int_unit_responses') }}
),

answers as (
    select
        form,
        unit_code,
        question,
        item,
        target_group,
        reporting_form,
        max(text) as text,
        max(answer) as answer,
        max(number_value) as number_value
    from {{ ref('int_delivered_answers') }}
    where type in ('number', 'code')
    group by form, unit_code, question, item, target_group, reporting_form
),

placed as (
    select
        corrections.*,
        asked.form,
        asked.survey,
        asked.type,
        asked.measure_unit,
        coalesce(answering.has_answered, false) as has_answered,
        answers.text as text_delivered,
        answers.answer as answer_delivered,
        answers.number_value as number_delivered,
        {{ typed_number('corrections.expect') }} as number_expected,
        {{ typed_number('corrections.value') }} as number_value
    from corrections
    left join asked
        on corrections.question = asked.question
        and corrections.item = asked.item
        and corrections.target_group = asked.target_group
        and corrections.reporting_form = asked.reporting_form
        and corrections.time_period = asked.time_period
    left join answering
        on asked.form = answering.form
        and corrections.unit_code = answering.unit_code
    left join answers
        on asked.form = answers.form
        and corrections.unit_code = answers.unit_code
        and corrections.question = answers.question
        and corrections.item = answers.item
        and corrections.target_group = answers.target_group
        and corrections.reporting_form = answers.reporting_form
)

select
    correction,
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
    expect,
    value,
    number_value,
    text_delivered,
    kind,
    reason,
    decided_by,
    decided_on,
    case
        when form is null then 'not_asked'
        when not has_answered then 'no_submission'
        when type = 'number' and number_value is null and value is not null then 'value_is_no_number'
        when number_expected is not null and number_expected = number_delivered then 'applied'
        when coalesce(expect, '') = coalesce(text_delivered, '') then 'applied'
        when expect is not null and expect = answer_delivered then 'applied'
        -- A later delivery may already have the corrected value.
        when number_value is not null and number_value = number_delivered then 'held_already'
        when value in (text_delivered, answer_delivered) then 'held_already'
        when value is null and coalesce(text_delivered, '') = '' then 'held_already'
        else 'expectation_failed'
    end as verdict
from placed
