with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
),

answers as (
    select * from {{ ref('int_indicator_answers') }}
),

areas as (
    select * from {{ ref('int_unit_set_sizes') }}
),

counts as (
    select * from {{ ref('int_indicator_counts') }}
),

corrected as (
    -- Only the country shows that an answer was corrected: the smaller groups would reveal the unit.
    select distinct
        answers.form,
        answers.question as indicator,
        {{ indicator_item('answers') }} as item,
        members.area_basis,
        members.unit_set,
        members.unit_level,
        members.unit_code
    from {{ ref('int_counted_answers') }} as answers
    inner join {{ ref('int_unit_set_members') }} as members
        on answers.time_period = members.time_period
        and members.member_code in (answers.unit_code, substr(answers.unit_code, 1, 4))
    where answers.is_corrected and answers.type = 'code' and members.unit_level = 'country'
),

decisions as (
    select * from {{ ref('int_disclosure_decisions') }}
    where subject = 'indicator_shares'
),

kept as (
    select * from {{ ref('int_kept_figures') }}
    where subject = 'indicator_shares'
)

select
    rounds.indicator,
    answers.answer,
    rounds.item,
    rounds.time_period,
    areas.unit_level,
    areas.unit_code,
    areas.unit_name,
    areas.area_basis,
    case
        when rounds.unit_set != 'by_level' then rounds.unit_set
        when areas.unit_level in ('country', 'size_group') then 'municipalities'
        else 'with_districts'
    end as unit_set,
    areas.n_units,
    areas.n_outside_country,
    case when decisions.decision = 'kept' then cast(kept.measured as bigint) else coalesce(counts.n_answer, 0) end
        as n_answer,
    case when decisions.decision = 'kept' then kept.n_answered else coalesce(counts.n_answered, 0) end as n_answered,
    case
        -- A group without a decision is not shown.
        when coalesce(decisions.decision, 'hidden') = 'hidden' then 'confidential'
        -- The last snapshot had no figure for this answer.
        when decisions.decision = 'kept' and kept.measured is null then 'confidential'
        when decisions.decision = 'shown' and coalesce(counts.n_answered, 0) = 0 then 'not_answered'
    end as absence_reason,
    corrected.form is not null and decisions.decision != 'kept' as is_corrected,
    decisions.decision = 'kept' as is_kept
from rounds
inner join answers
    on rounds.form = answers.form
    and rounds.indicator = answers.indicator
    and rounds.item = answers.item
inner join areas
    on rounds.time_period = areas.time_period
    and rounds.unit_set = areas.unit_set
left join counts
    on rounds.form = counts.form
    and rounds.indicator = counts.indicator
    and rounds.item = counts.item
    and answers.answer = counts.answer
    and {{ same_area('areas', 'counts') }}
    and areas.unit_set = counts.unit_set
left join corrected
    on rounds.form = corrected.form
    and rounds.indicator = corrected.indicator
    and rounds.item = corrected.item
    and {{ same_area('areas', 'corrected') }}
    and areas.unit_set = corrected.unit_set
left join decisions
    on rounds.indicator = decisions.indicator
    and rounds.item = decisions.item
    and rounds.time_period = decisions.time_period
    and {{ same_area('areas', 'decisions') }}
left join kept
    on decisions.indicator = kept.indicator
    and decisions.item = kept.item
    and decisions.time_period = kept.time_period
    and {{ same_area('decisions', 'kept') }}
    and answers.answer = kept.measure
