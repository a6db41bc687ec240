with responses as (
    select * from {{ ref('int_unit_responses') }}
    where has_answered
),

asked as (
    select distinct
        form,
        time_period,
        question,
        target_group
    from {{ ref('int_fte_asked') }}
),

choice_asked as (
    select distinct
        form,
        target_group
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'reporting_form'
),

answers as (
    select * from {{ ref('int_counted_answers') }}
),

choices as (
    select
        form,
        unit_code,
        target_group,
        max(answer) as stated_choice
    from answers
    where question = 'reporting_form'
    group by form, unit_code, target_group
),

filled as (
    -- A cell that cannot be read fills its block; a code for "no answer" does not.
    select
        form,
        unit_code,
        question,
        target_group,
        true as is_filled,
        bool_or(reporting_form = 'joint') as joint_filled,
        bool_or(reporting_form = 'mental_health') as mental_health_filled,
        bool_or(reporting_form = 'substance_use') as substance_use_filled
    from answers
    where question in {{ fte_questions() }} and (is_rejected or number_value is not null)
    group by form, unit_code, question, target_group
),

blocks as (
    select
        responses.form,
        responses.time_period,
        responses.unit_code,
        asked.question,
        asked.target_group,
        choice_asked.form is not null as is_choice_asked,
        choices.stated_choice,
        confirmed.form is not null and not coalesce(filled.is_filled, false) as is_confirmed,
        left_blank.form is not null as is_left_blank,
        coalesce(filled.joint_filled, false) as joint_filled,
        coalesce(filled.mental_health_filled, false) as mental_health_filled,
        coalesce(filled.substance_use_filled, false) as substance_use_filled,
        case
            when not coalesce(filled.mental_health_filled, false) then coalesce(typed_zeros.is_mental_health_zero, false)
            else coalesce(typed_zeros.is_substance_use_zero, false)
        end as is_blank_half_zero
    from responses
    inner join asked
        on responses.form = asked.form
    left join choice_asked
        on asked.form = choice_asked.form
        and asked.target_group = choice_asked.target_group
    left join choices
        on responses.form = choices.form
        and responses.unit_code = choices.unit_code
        and asked.target_group = choices.target_group
    left join filled
        on responses.form = filled.form
        and responses.unit_code = filled.unit_code
        and asked.question = filled.question
        and asked.target_group = filled.target_group
    left join {{ ref('int_fte_typed_zeros') }} as typed_zeros
        on responses.form = typed_zeros.form
        and responses.unit_code = typed_zeros.unit_code
        and asked.target_group = typed_zeros.target_group
    left join {{ ref('int_confirmed_units') }} as confirmed
        on responses.form = confirmed.form
        and responses.unit_code = confirmed.unit_code
    left join {{ ref('int_fte_left_blank') }} as left_blank
        on responses.form = left_blank.form
        and responses.unit_code = left_blank.unit_code
        and asked.question = left_blank.question
),

compared as (
    select
        *,
        mental_health_filled or substance_use_filled as separate_filled,
        -- Without a recorded choice, the reporting form is the one that the unit filled elsewhere for the group.
        case
            when bool_or(joint_filled) over unit_group then 'joint'
            when bool_or(mental_health_filled or substance_use_filled) over unit_group then 'separate'
        end as form_filled_elsewhere
    from blocks
    window unit_group as (partition by form, unit_code, target_group)
),

routes as (
    select
        *,
        case
            when not is_choice_asked then 'all'
            when joint_filled and separate_filled then coalesce(stated_choice, 'joint')
            when joint_filled then 'joint'
            when separate_filled then 'separate'
            else coalesce(stated_choice, form_filled_elsewhere)
        end as route
    from compared
)

select
    form,
    time_period,
    unit_code,
    question,
    target_group,
    stated_choice,
    route,
    joint_filled,
    mental_health_filled,
    substance_use_filled,
    is_confirmed,
    is_left_blank,
    route is not null
    and not is_confirmed
    and not is_left_blank
    and (question != 'fte_by_pathway' or joint_filled or separate_filled) as is_answered,
    route = 'separate' and mental_health_filled != substance_use_filled and not is_blank_half_zero as is_half_missing,
    is_choice_asked and joint_filled and separate_filled as is_filled_twice,
    is_choice_asked and route != stated_choice as is_choice_contradicted
from routes
