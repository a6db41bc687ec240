-- Units of every unit set and area by what they chose of each indicator; with the units that answered, and for a question
-- that only some are asked, the units that were asked. Areas without any answer have no row.
with choices as (
    select * from {{ ref('int_indicator_choices') }}
),

members as (
    select * from {{ ref('int_unit_set_members') }}
),

routing as (
    select * from {{ ref('int_indicator_routing') }}
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
        and routing.unit_set = members.unit_set
        and routing.unit_code = members.member_code
    group by
        routing.form, routing.indicator, routing.item, members.area_basis, members.unit_set, members.unit_level,
        members.unit_code
),

counts as (
    select
        choices.form,
        choices.time_period,
        choices.indicator,
        choices.item,
        members.area_basis,
        members.unit_set,
        members.unit_level,
        members.unit_code,
        choices.answer,
        sum(case when choices.is_chosen then 1 else 0 end) as n_answer,
        count(*) as n_answered
    from choices
    inner join members
        on choices.time_period = members.time_period
        and choices.unit_set = members.unit_set
        and choices.unit_code = members.member_code
    group by
        choices.form, choices.time_period, choices.indicator, choices.item, members.area_basis, members.unit_set,
        members.unit_level, members.unit_code, choices.answer
)

select
    counts.*,
    asked.n_asked
from counts
left join asked
    on counts.form = asked.form
    and counts.indicator = asked.indicator
    and counts.item = asked.item
    and counts.area_basis = asked.area_basis
    and counts.unit_set = asked.unit_set
    and counts.unit_level = asked.unit_level
    and counts.unit_code = asked.unit_code
