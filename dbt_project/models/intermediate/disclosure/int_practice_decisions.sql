with units as (
    select * from {{ ref('int_practice_units') }}
),

last_states as (
    select * from {{ ref('stg_history__published_practice_states') }}
),

units_before as (
    select units_then.*
    from {{ ref('stg_history__published_practice_units') }} as units_then
    inner join last_states
        on units_then.subject = last_states.subject
        and units_then.time_period = last_states.time_period
        and units_then.state = last_states.state
),

states as (
    select
        subject,
        time_period,
        {{ text_hash(joined('said_sha256', '|', 'said_sha256')) }} as state
    from units
    group by subject, time_period
),

changed as (
    select
        coalesce(units.subject, units_before.subject) as subject,
        coalesce(units.time_period, units_before.time_period) as time_period,
        coalesce(units.target_group, units_before.target_group) as target_group,
        sum(case when units.is_one then 1 else 0 end) as one_side,
        sum(case when units.is_other then 1 else 0 end) as other_side
    from units
    full outer join units_before
        on units.subject = units_before.subject
        and units.time_period = units_before.time_period
        and units.target_group = units_before.target_group
        and units.member_code = units_before.member_code
    where units.said_sha256 is distinct from units_before.said_sha256
    group by
        coalesce(units.subject, units_before.subject),
        coalesce(units.time_period, units_before.time_period),
        coalesce(units.target_group, units_before.target_group)
),

policy as (
    select max(case when parameter = 'units_by_practice' then value end) as least
    from {{ ref('stg_disclosure__limits') }}
),

few as (
    -- If too few units changed in one target group, the whole year is kept, since both groups together are shown too.
    select distinct
        changed.subject,
        changed.time_period
    from changed
    cross join policy
    where changed.one_side < policy.least or changed.other_side < policy.least
)

select
    states.subject,
    states.time_period,
    few.subject is not null and last_states.state is not null as is_kept,
    case when few.subject is not null then coalesce(last_states.state, states.state) else states.state end as state
from states
left join last_states
    on states.subject = last_states.subject
    and states.time_period = last_states.time_period
left join few
    on states.subject = few.subject
    and states.time_period = few.time_period
