with answers as (
    select
        form,
        survey,
        time_period,
        unit_code,
        question,
        item,
        target_group,
        reporting_form,
        sum(number_value) as fte
    from {{ ref('int_counted_answers') }}
    where measure_unit = 'fte' and type = 'number' and unit_code is not null
    group by form, survey, time_period, unit_code, question, item, target_group, reporting_form
),

rounds as (
    {{ rounds_beside_those_before() }}
),

predecessors as (
    select * from {{ ref('int_unit_predecessors') }}
),

before as (
    select
        rounds.form,
        predecessors.unit_code,
        answers.question,
        answers.item,
        answers.target_group,
        {{ exact('sum(answers.fte * ' ~ weight_of('answers.target_group', 'predecessors') ~ ')') }} as fte
    from rounds
    inner join predecessors
        on rounds.time_period = predecessors.time_period
        and rounds.previous_period = predecessors.earlier_period
    inner join answers
        on rounds.survey = answers.survey
        and rounds.previous_period = answers.time_period
        and predecessors.predecessor_code = answers.unit_code
    group by rounds.form, predecessors.unit_code, answers.question, answers.item, answers.target_group
),

blocks as (
    select
        form,
        unit_code,
        question,
        target_group,
        reporting_form
    from answers
    group by form, unit_code, question, target_group, reporting_form
    having sum(fte) > 0
),

blocks_before as (
    select
        form,
        unit_code,
        question,
        target_group
    from before
    group by form, unit_code, question, target_group
    having sum(fte) > 0
),

asked_before as (
    select distinct
        form,
        question,
        item,
        target_group
    from before
),

asked_twice as (
    select distinct
        answers.form,
        answers.question,
        answers.item,
        answers.target_group,
        answers.reporting_form
    from answers
    inner join asked_before
        on answers.form = asked_before.form
        and answers.question = asked_before.question
        and answers.item = asked_before.item
        and answers.target_group = asked_before.target_group
),

columns as (
    select
        *,
        row_number() over (order by form, target_group, reporting_form, question, item) as column_id
    from asked_twice
)

select
    dense_rank() over (
        order by blocks.form, blocks.unit_code, blocks.target_group, blocks.reporting_form
    ) as block_id,
    columns.column_id,
    columns.form,
    columns.target_group,
    columns.reporting_form,
    columns.question,
    columns.item,
    blocks.unit_code,
    coalesce(answers.fte, 0) as fte,
    coalesce(before.fte, 0) as fte_before
from blocks
inner join blocks_before
    on blocks.form = blocks_before.form
    and blocks.unit_code = blocks_before.unit_code
    and blocks.question = blocks_before.question
    and blocks.target_group = blocks_before.target_group
inner join columns
    on blocks.form = columns.form
    and blocks.question = columns.question
    and blocks.target_group = columns.target_group
    and blocks.reporting_form = columns.reporting_form
left join answers
    on blocks.form = answers.form
    and blocks.unit_code = answers.unit_code
    and columns.question = answers.question
    and columns.item = answers.item
    and columns.target_group = answers.target_group
    and columns.reporting_form = answers.reporting_form
left join before
    on blocks.form = before.form
    and blocks.unit_code = before.unit_code
    and columns.question = before.question
    and columns.item = before.item
    and columns.target_group = before.target_group
