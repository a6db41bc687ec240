with asking as (
    select distinct form
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'changed_reporting_practice'
),

responses as (
    select * from {{ ref('int_unit_responses') }}
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

    -- When a unit is left out, its predecessors' FTE of the year before are left out too.
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
    'real_change' as subject,
    time_period,
    'total' as target_group,
    member_code,
    bool_or(has_changed) as is_one,
    -- A unit that did not answer is known not to have reported a change of practice, so it is on neither side.
    bool_or(part = 'practice') and not bool_or(has_changed) as is_other,
    {{ text_hash(
        "concat_ws('|', 'practice', cast(time_period as string), member_code, "
        ~ joined("concat_ws(' ', part, said)", ';', 'part, said') ~ ")"
    ) }} as said_sha256
from parts_of_practice
group by time_period, member_code
