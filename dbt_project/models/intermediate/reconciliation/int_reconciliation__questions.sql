with counts as (
    select * from {{ ref('int_reconciliation__answer_counts') }}
),

groups as (
    select distinct
        indicator,
        answer
    from {{ ref('stg_indicators__answer_groups') }}
),

sizes as (
    select * from {{ ref('int_unit_set_sizes') }}
    where area_basis = 'reported'
),

questions as (
    select
        counts.indicator,
        counts.item,
        counts.time_period,
        counts.unit_set,
        counts.unit_level,
        counts.unit_code,
        max(counts.n_answered) as n_answered,
        max(counts.n_asked) as n_asked,
        sum(case when groups.answer is null then counts.n_answer else 0 end) as n_options
    from counts
    left join groups
        on counts.answer = groups.answer
        and groups.indicator in (counts.indicator, '*')
    group by
        counts.indicator, counts.item, counts.time_period, counts.unit_set, counts.unit_level, counts.unit_code
)

select
    questions.*,
    max(case when questions.unit_code = 'oslo_districts' then questions.n_answered end) over (
        partition by questions.indicator, questions.item, questions.time_period, questions.unit_set
    ) as n_answered_districts,
    sizes.n_units,
    municipality_sizes.n_units as n_municipalities
from questions
left join sizes
    on questions.time_period = sizes.time_period
    and questions.unit_set = sizes.unit_set
    and questions.unit_level = sizes.unit_level
    and questions.unit_code = sizes.unit_code
left join sizes as municipality_sizes
    on questions.time_period = municipality_sizes.time_period
    and municipality_sizes.unit_set = 'municipalities'
    and questions.unit_level = municipality_sizes.unit_level
    and questions.unit_code = municipality_sizes.unit_code
