with answers as (
    select * from {{ ref('int_counted_answers') }}
    where type in ('code', 'tick')
),

options as (
    select * from {{ ref('int_answer_options') }}
),

boxes as (
    select * from {{ ref('int_answer_boxes') }}
),

single_choices as (
    select
        answers.form,
        answers.time_period,
        answers.unit_code,
        answers.question,
        answers.item,
        answers.target_group,
        answers.reporting_form,
        options.answer,
        options.option_order,
        options.answer = answers.answer as is_chosen
    from answers
    inner join options
        on answers.form = options.form
        and answers.question = options.question
    where answers.type = 'code' and answers.answer is not null
),

ticks as (
    select
        form,
        time_period,
        unit_code,
        question,
        item,
        target_group,
        reporting_form,
        array_agg(answer) as ticked
    from answers
    where type = 'tick' and not is_rejected
    group by form, time_period, unit_code, question, item, target_group, reporting_form
),

unread as (
    select distinct
        form,
        unit_code,
        question,
        item,
        target_group,
        reporting_form
    from answers
    where type = 'tick' and is_rejected
),

none_ticked as (
    -- No ticked box is an answer where the unit answered the accompanying question. A box that cannot be read counts as
    -- filled.
    select distinct
        answers.form,
        answers.time_period,
        answers.unit_code,
        boxes.question,
        boxes.item,
        boxes.target_group,
        boxes.reporting_form
    from answers
    inner join {{ ref('stg_indicators__indicators') }} as indicators
        on answers.question = indicators.answered_with
    inner join boxes
        on answers.form = boxes.form
        and indicators.indicator = boxes.question
    left join ticks
        on answers.unit_code = ticks.unit_code
        and {{ same_question('boxes', 'ticks') }}
    left join unread
        on answers.unit_code = unread.unit_code
        and {{ same_question('boxes', 'unread') }}
    where not answers.is_rejected and ticks.form is null and unread.form is null
),

all_ticks as (
    select * from ticks
    union all
    select
        *,
        null as ticked
    from none_ticked
)

select
    form,
    time_period,
    unit_code,
    question,
    item,
    target_group,
    reporting_form,
    'single' as choice_type,
    answer,
    option_order,
    is_chosen
from single_choices

union all

select
    all_ticks.form,
    all_ticks.time_period,
    all_ticks.unit_code,
    all_ticks.question,
    all_ticks.item,
    all_ticks.target_group,
    all_ticks.reporting_form,
    'multiple' as choice_type,
    boxes.answer,
    boxes.option_order,
    coalesce(array_contains(all_ticks.ticked, boxes.answer), false) as is_chosen
from all_ticks
inner join boxes
    on {{ same_question('all_ticks', 'boxes') }}
