with asking as (
    select distinct
        form,
        question
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question in ('reporting_form', 'changed_reporting_practice')
),

responses as (
    select * from {{ ref('int_unit_responses') }}
),

fte_by_form as (
    select
        responses.time_period,
        responses.municipality_code as member_code,
        cells.target_group,
        cells.reporting_form as part,
        cast({{ exact('sum(cells.fte)') }} as string) as said,
        bool_or(cells.reporting_form = 'joint' and cells.fte > 0) as is_joint,
        bool_or(cells.reporting_form in ('mental_health', 'substance_use') and cells.fte > 0) as is_separate
    from {{ ref('int_fte_cells') }} as cells
    inner join responses
        on cells.time_period = responses.time_period
        and cells.unit_code = responses.unit_code
    inner join asking
        on responses.form = asking.form
        and asking.question = 'reporting_form'
    where cells.question = 'fte_by_service' and cells.fte is not null
    group by responses.time_period, responses.municipality_code, cells.target_group, cells.reporting_form
),

choices as (
    select
        time_period,
        unit_code as member_code,
        target_group,
        'choice' as part,
        answer as said,
        answer = 'joint' as is_joint,
        answer = 'separate' as is_separate
    from {{ ref('int_unit_answers') }}
    where unit_level = 'municipality' and question = 'reporting_form' and is_chosen
),

groups as (
    select distinct
        time_period,
        target_group
    from fte_by_form
),

answering as (
    -- Who answered and left the choice open is counted by subtraction.
    select
        responses.time_period,
        responses.municipality_code as member_code,
        groups.target_group,
        'answered' as part,
        'yes' as said,
        false as is_joint,
        false as is_separate
    from responses
    inner join groups
        on responses.time_period = groups.time_period
    group by responses.time_period, responses.municipality_code, groups.target_group
    having bool_or(responses.has_answered)
),

parts_of_forms as (
    select * from fte_by_form
    union all
    select * from choices
    union all
    select * from answering
),

unit_totals as (
    select * from {{ ref('int_fte__unit') }}
    where question = 'fte_by_service' and category = 'total' and target_group != 'total'
),

practice as (
    select
        responses.time_period,
        responses.unit_code as member_code,
        'practice' as part,
        coalesce(max(answers.answer), '') as said,
        coalesce(bool_or(answers.answer = 'yes'), false) as has_changed
    from responses
    inner join asking
        on responses.form = asking.form
        and asking.question = 'changed_reporting_practice'
    left join {{ ref('int_counted_answers') }} as answers
        on responses.form = answers.form
        and responses.unit_code = answers.unit_code
        and answers.question = 'changed_reporting_practice'
    where responses.has_answered
    group by responses.time_period, responses.unit_code
),

periods as (
    select distinct time_period from practice
),

parts_of_practice as (
    select * from practice

    union all

    select
        unit_totals.time_period,
        unit_totals.unit_code as member_code,
        concat_ws(' ', 'fte', unit_totals.target_group) as part,
        cast(unit_totals.fte as string) as said,
        false as has_changed
    from unit_totals
    inner join periods
        on unit_totals.time_period = periods.time_period

    union all

    -- Of a unit that is left out, its ground in the year before is left out too.
    select
        successors.target_period as time_period,
        successors.successor_code as member_code,
        concat_ws(' ', 'fte before', unit_totals.target_group, unit_totals.unit_code) as part,
        cast(unit_totals.fte as string) as said,
        false as has_changed
    from unit_totals
    inner join {{ ref('int_unit_successors') }} as successors
        on unit_totals.time_period = successors.time_period
        and unit_totals.unit_code = successors.unit_code
        and successors.target_period = successors.time_period + 1
    inner join periods
        on successors.target_period = periods.time_period
)

select
    'fte_by_reporting_form' as subject,
    time_period,
    target_group,
    member_code,
    bool_or(is_joint) as is_one,
    bool_or(is_separate) as is_other,
    {{ text_hash(
        "concat_ws('|', 'form', cast(time_period as string), target_group, member_code, "
        ~ joined("concat_ws(' ', part, said)", ';', 'part, said') ~ ")"
    ) }} as said_sha256
from parts_of_forms
group by time_period, target_group, member_code

union all

select
    'real_change' as subject,
    time_period,
    'total' as target_group,
    member_code,
    bool_or(has_changed) as is_one,
    -- Of a unit that answered nothing, everybody knows that it did not say that its practice changed.
    bool_or(part = 'practice') and not bool_or(has_changed) as is_other,
    {{ text_hash(
        "concat_ws('|', 'practice', cast(time_period as string), member_code, "
        ~ joined("concat_ws(' ', part, said)", ';', 'part, said') ~ ")"
    ) }} as said_sha256
from parts_of_practice
group by time_period, member_code
