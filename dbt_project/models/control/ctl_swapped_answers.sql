-- Pairs of columns of codes, and of boxes, of a round, and whether the answers to each are distributed as those to the other
-- were in the round before. The distance of two distributions is the share of the records that would have to answer
-- otherwise; no answer is an answer here. The evidence is by how much the two columns are closer crosswise than as they
-- stand, against the least that counts: a fixed share, or some times what columns of this type moved between the two rounds,
-- where that is more. Above 1 the columns are swapped.
with responses as (
    select
        form,
        count(*) as unit_count
    from {{ ref('int_unit_responses') }}
    where has_answered
    group by form
),

rounds as (
    select
        form,
        survey,
        time_period,
        lag(form) over (partition by survey order by time_period) as previous_form,
        lag(time_period) over (partition by survey order by time_period) as previous_period
    from {{ ref('int_survey_rounds') }}
    where is_delivered
),

columns as (
    select
        form,
        type,
        question,
        item,
        case when type = 'tick' then answer else '' end as box,
        target_group,
        reporting_form,
        min(header) as header
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and type in ('code', 'tick') and condition_count = 0
    group by form, type, question, item, case when type = 'tick' then answer else '' end, target_group, reporting_form
),

named as (
    select
        columns.*,
        concat_ws(
            '|', columns.question, columns.item, columns.box, columns.target_group, columns.reporting_form
        ) as column_name
    from columns
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
        on named.form = answers.form
        and named.type = answers.type
        and named.question = answers.question
        and named.item = answers.item
        and named.target_group = answers.target_group
        and named.reporting_form = answers.reporting_form
        and (named.type = 'code' or named.box = answers.answer)
    where answers.answer is not null
    group by named.form, named.type, named.column_name, answers.answer
),

shares as (
    -- Every box is an answer of the same name.
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
),

kept as (
    -- Columns that both rounds have.
    select distinct
        rounds.form,
        rounds.previous_form,
        shares.type,
        shares.column_name
    from rounds
    inner join shares
        on rounds.form = shares.form
    inner join shares as before
        on rounds.previous_form = before.form
        and shares.type = before.type
        and shares.column_name = before.column_name
),

pairs as (
    select
        kept.form,
        kept.previous_form,
        kept.type,
        kept.column_name,
        others.column_name as column_before
    from kept
    inner join kept as others
        on kept.form = others.form
        and kept.type = others.type
),

distances as (
    select
        pairs.form,
        pairs.type,
        pairs.column_name,
        pairs.column_before,
        1 - coalesce(sum(case when before.share is not null then least(shares.share, before.share) end), 0) as distance
    from pairs
    inner join shares
        on pairs.form = shares.form
        and pairs.type = shares.type
        and pairs.column_name = shares.column_name
    left join shares as before
        on pairs.previous_form = before.form
        and pairs.type = before.type
        and pairs.column_before = before.column_name
        and shares.answer = before.answer
    group by pairs.form, pairs.type, pairs.column_name, pairs.column_before
),

own as (
    select * from distances
    where column_name = column_before
),

usual as (
    -- Two columns that only moved as others did.
    select
        form,
        type,
        2 * {{ quantile_of('distance', 0.5) }} as distance
    from own
    group by form, type
)

select
    rounds.survey,
    rounds.time_period,
    rounds.previous_period,
    crosswise.form,
    crosswise.type,
    first_column.question,
    first_column.item,
    first_column.box,
    first_column.header,
    second_column.question as other_question,
    second_column.item as other_item,
    second_column.box as other_box,
    second_column.header as other_header,
    round(first_own.distance + second_own.distance, 4) as moved,
    round(crosswise.distance + crosswise_back.distance, 4) as moved_crosswise,
    round(usual.distance, 4) as usually_moved,
    round(
        (first_own.distance + second_own.distance - crosswise.distance - crosswise_back.distance)
        / greatest({{ limit_of('columns_swap_share') }}, {{ limit_of('columns_swap_moves') }} * usual.distance),
        3
    ) as evidence
from distances as crosswise
inner join distances as crosswise_back
    on crosswise.form = crosswise_back.form
    and crosswise.type = crosswise_back.type
    and crosswise.column_name = crosswise_back.column_before
    and crosswise.column_before = crosswise_back.column_name
inner join own as first_own
    on crosswise.form = first_own.form
    and crosswise.type = first_own.type
    and crosswise.column_name = first_own.column_name
inner join own as second_own
    on crosswise.form = second_own.form
    and crosswise.type = second_own.type
    and crosswise.column_before = second_own.column_name
inner join usual
    on crosswise.form = usual.form
    and crosswise.type = usual.type
inner join rounds
    on crosswise.form = rounds.form
inner join named as first_column
    on crosswise.form = first_column.form
    and crosswise.type = first_column.type
    and crosswise.column_name = first_column.column_name
inner join named as second_column
    on crosswise.form = second_column.form
    and crosswise.type = second_column.type
    and crosswise.column_before = second_column.column_name
where crosswise.column_name < crosswise.column_before
