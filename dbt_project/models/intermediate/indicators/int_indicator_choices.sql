with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
),

answers as (
    select * from {{ ref('int_unit_answers') }}
),

groups as (
    select * from {{ ref('stg_indicators__answer_groups') }}
),

options as (
    select
        rounds.form,
        rounds.time_period,
        rounds.indicator,
        rounds.item,
        answers.unit_code,
        answers.answer,
        answers.is_chosen
    from rounds
    inner join answers
        on rounds.form = answers.form
        and rounds.indicator = answers.question
        and rounds.question_item = answers.item
        and rounds.target_group = answers.target_group
        and rounds.reporting_form = answers.reporting_form
),

form_options as (
    select distinct
        form,
        indicator,
        answer
    from options
),

group_sizes as (
    select
        indicator,
        answer,
        count(*) as member_count
    from groups
    group by indicator, answer
),

form_groups as (
    -- A group applies where the form has all of its members.
    select
        form_options.form,
        form_options.indicator,
        groups.answer
    from groups
    inner join group_sizes
        on groups.indicator = group_sizes.indicator
        and groups.answer = group_sizes.answer
    inner join form_options
        on groups.member = form_options.answer
        and groups.indicator in (form_options.indicator, '*')
    group by form_options.form, form_options.indicator, groups.answer, groups.indicator
    having count(*) = max(group_sizes.member_count)
),

grouped as (
    select
        options.form,
        options.time_period,
        options.indicator,
        options.item,
        options.unit_code,
        form_groups.answer,
        bool_or(options.is_chosen) as is_chosen
    from options
    inner join form_groups
        on options.form = form_groups.form
        and options.indicator = form_groups.indicator
    inner join groups
        on form_groups.answer = groups.answer
        and options.answer = groups.member
        and groups.indicator in (options.indicator, '*')
    group by
        options.form, options.time_period, options.indicator, options.item, options.unit_code, form_groups.answer
),

asked_choices as (
    select * from options
    union all
    select * from grouped
),

unions as (
    select
        rounds.form,
        rounds.time_period,
        rounds.indicator,
        rounds.item,
        sources.unit_code,
        bool_or(sources.is_chosen and sources.answer = 'yes') as has_yes
    from rounds
    inner join {{ ref('stg_indicators__derived_indicators') }} as derived
        on rounds.indicator = derived.indicator
        and rounds.item = derived.item
    inner join asked_choices as sources
        on rounds.form = sources.form
        and derived.source_indicator = sources.indicator
        and (derived.source_item = '*' or derived.source_item = sources.item)
    where rounds.is_derived
    group by rounds.form, rounds.time_period, rounds.indicator, rounds.item, sources.unit_code
)

select * from asked_choices

union all

select
    form,
    time_period,
    indicator,
    item,
    unit_code,
    'yes' as answer,
    has_yes as is_chosen
from unions

union all

select
    form,
    time_period,
    indicator,
    item,
    unit_code,
    'no' as answer,
    not has_yes as is_chosen
from unions
