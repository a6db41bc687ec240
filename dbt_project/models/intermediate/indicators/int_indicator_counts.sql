with choices as (
    select * from {{ ref('int_indicator_choices') }}
),

members as (
    select * from {{ ref('int_unit_set_members') }}
),

routing as (
    select * from {{ ref('int_indicator_routing') }}
),

numbered_areas as (
    select * from {{ ref('int_unit_set_areas') }}
),

-- Answers and areas are numbered for counting: grouping by texts costs several times as much.
numbered_answers as (
    select
        *,
        row_number() over (order by form, indicator, item, answer, time_period) as answer_number
    from {{ ref('int_indicator_answers') }}
),

atom_areas as (
    select distinct
        atom,
        area_number
    from {{ ref('int_unit_atoms') }}
),

atoms as (
    select distinct
        time_period,
        member_code,
        atom
    from {{ ref('int_unit_atoms') }}
),

atom_counts as (
    select
        numbered_answers.answer_number,
        atoms.atom,
        sum(case when choices.is_chosen then 1 else 0 end) as n_answer,
        count(*) as n_answered
    from choices
    inner join numbered_answers
        on choices.form = numbered_answers.form
        and choices.time_period = numbered_answers.time_period
        and choices.indicator = numbered_answers.indicator
        and choices.item = numbered_answers.item
        and choices.answer = numbered_answers.answer
    inner join atoms
        on choices.time_period = atoms.time_period
        and choices.unit_code = atoms.member_code
    group by numbered_answers.answer_number, atoms.atom
),

area_counts as (
    select
        atom_counts.answer_number,
        atom_areas.area_number,
        cast(sum(atom_counts.n_answer) as bigint) as n_answer,
        cast(sum(atom_counts.n_answered) as bigint) as n_answered
    from atom_counts
    inner join atom_areas on atom_counts.atom = atom_areas.atom
    group by atom_counts.answer_number, atom_areas.area_number
),

asked as (
    select
        routing.form,
        routing.indicator,
        routing.item,
        members.area_basis,
        members.unit_set,
        members.unit_level,
        members.unit_code,
        count(*) as n_asked
    from routing
    inner join members
        on routing.time_period = members.time_period
        and routing.unit_code = members.member_code
    group by
        routing.form, routing.indicator, routing.item, members.area_basis, members.unit_set, members.unit_level,
        members.unit_code
),

counts as (
    select
        answers.form,
        answers.time_period,
        answers.indicator,
        answers.item,
        areas.area_basis,
        areas.unit_set,
        areas.unit_level,
        areas.unit_code,
        answers.answer,
        area_counts.n_answer,
        area_counts.n_answered
    from area_counts
    inner join numbered_answers as answers on area_counts.answer_number = answers.answer_number
    inner join numbered_areas as areas on area_counts.area_number = areas.area_number

    union all

    select
        choices.form,
        choices.time_period,
        choices.indicator,
        choices.item,
        'reported' as area_basis,
        'sample' as unit_set,
        'country' as unit_level,
        '0' as unit_code,
        choices.answer,
        cast(sum(case when choices.is_chosen then 1 else 0 end) as bigint) as n_answer,
        count(*) as n_answered
    -- The model is named here directly: a CTE that is used twice is held in memory.
    from {{ ref('int_indicator_choices') }} as choices
    inner join {{ ref('stg_forms__forms') }} as forms
        on choices.form = forms.form
    where forms.units = 'anonymous'
    group by choices.form, choices.time_period, choices.indicator, choices.item, choices.answer
)

select
    counts.*,
    asked.n_asked
from counts
left join asked
    on counts.form = asked.form
    and counts.indicator = asked.indicator
    and counts.item = asked.item
    and {{ same_area('counts', 'asked') }}
    and counts.unit_set = asked.unit_set
