-- Pairs of columns of FTE of a round, and whether each looks like the other did in the round before. Of every unit that
-- filled the blocks both times the logarithms of the two numbers are held against those of the round before, in the
-- boundaries of the year: once as they stand, once crosswise. The evidence is by how much crosswise is closer on average, in
-- standard errors of that mean: below 0 for columns that kept their place. It does not grow with more units than
-- columns_most_units, so that a difference that is small in every unit stays small. Pairs of one target group and reporting
-- form; what a unit reported before is the sum over the reporting forms.
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
    select
        form,
        survey,
        time_period,
        lag(time_period) over (partition by survey order by time_period) as previous_period
    from {{ ref('int_survey_rounds') }}
    where is_delivered
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
),

numbers as (
    select
        dense_rank() over (
            order by blocks.form, blocks.unit_code, blocks.target_group, blocks.reporting_form
        ) as block_id,
        columns.column_id,
        ln(cast(coalesce(answers.fte, 0) as double) + {{ limit_of('columns_offset_fte') }}) as fte,
        ln(cast(coalesce(before.fte, 0) as double) + {{ limit_of('columns_offset_fte') }}) as fte_before
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
),

crossed as (
    select
        numbers.column_id,
        others.column_id as other_column_id,
        round(
            abs(numbers.fte - numbers.fte_before) + abs(others.fte - others.fte_before)
            - abs(numbers.fte - others.fte_before) - abs(others.fte - numbers.fte_before),
            9
        ) as closer_crosswise
    from numbers
    inner join numbers as others
        on numbers.block_id = others.block_id
        and numbers.column_id < others.column_id
),

pairs as (
    select
        column_id,
        other_column_id,
        count(*) as unit_count,
        avg(closer_crosswise) as mean_closer,
        stddev_samp(closer_crosswise) as spread
    from crossed
    group by column_id, other_column_id
    -- Units in which neither is closer tell nothing.
    having sum(case when closer_crosswise != 0 then 1 else 0 end) >= {{ limit_of('columns_min_units') }}
),

headers as (
    select
        form,
        question,
        item,
        target_group,
        reporting_form,
        min(header) as header
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and unit = 'fte'
    group by form, question, item, target_group, reporting_form
),

named as (
    select
        columns.column_id,
        columns.form,
        columns.question,
        columns.item,
        columns.target_group,
        columns.reporting_form,
        headers.header
    from columns
    left join headers
        on columns.form = headers.form
        and columns.question = headers.question
        and columns.item = headers.item
        and columns.target_group = headers.target_group
        and columns.reporting_form = headers.reporting_form
)

select
    rounds.survey,
    rounds.time_period,
    rounds.previous_period,
    named.form,
    named.target_group,
    named.reporting_form,
    named.question,
    named.item,
    named.header,
    others.question as other_question,
    others.item as other_item,
    others.header as other_header,
    pairs.unit_count,
    round(
        pairs.mean_closer / pairs.spread * sqrt(least(pairs.unit_count, {{ limit_of('columns_most_units') }})),
        3
    ) as evidence
from pairs
inner join named
    on pairs.column_id = named.column_id
inner join named as others
    on pairs.other_column_id = others.column_id
inner join rounds
    on named.form = rounds.form
where pairs.spread > 0
