with rounds as (
    {{ rounds_beside_those_before() }}
),

named as (
    select * from {{ ref('ctl_answer_columns') }}
),

shares as (
    select * from {{ ref('ctl_answer_shares') }}
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
    -- The usual distance of two columns from the round before: twice the median.
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
