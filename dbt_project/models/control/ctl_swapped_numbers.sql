with rounds as (
    {{ rounds_beside_those_before() }}
),

numbers as (
    select
        block_id,
        column_id,
        ln(cast(fte as double) + {{ limit_of('columns_offset_fte') }}) as fte,
        ln(cast(fte_before as double) + {{ limit_of('columns_offset_fte') }}) as fte_before
    from {{ ref('ctl_compared_numbers') }}
),

columns as (
    select distinct
        column_id,
        form,
        question,
        item,
        target_group,
        reporting_form
    from {{ ref('ctl_compared_numbers') }}
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
    -- Units whose values fit both columns equally well are no evidence.
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
        on {{ same_question('columns', 'headers') }}
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
