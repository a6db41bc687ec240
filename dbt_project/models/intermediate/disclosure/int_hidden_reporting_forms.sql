with groups as (
    select distinct
        time_period,
        form,
        target_group,
        is_delivered and is_asked and target_group != 'total' as is_chosen
    from {{ ref('int_fte_grid__reporting_form') }}
),

choices as (
    select
        *,
        least(chose_joint, chose_separate, have_joint_fte, have_separate_fte) as fewest
    from {{ ref('int_reporting_form_choices') }}
),

answered as (
    select
        form,
        count(distinct municipality_code) as municipalities
    from {{ ref('int_unit_responses') }}
    where has_answered
    group by form
),

policy as (
    select
        max(case when parameter = 'minimum_units' then value end) as minimum_units,
        max(case when parameter = 'units_by_practice' then value end) as units_by_practice
    from {{ ref('stg_disclosure__limits') }}
),

judged as (
    select
        groups.time_period,
        groups.target_group,
        coalesce(choices.fewest, 0) as fewest,
        coalesce(answered.municipalities, 0) - coalesce(choices.chose_joint + choices.chose_separate, 0) as left_open
    from groups
    left join answered
        on groups.form = answered.form
    left join choices
        on groups.time_period = choices.time_period
        and groups.target_group = choices.target_group
    where groups.is_chosen
),

small as (
    -- The total of both groups would reveal the hidden one.
    select distinct
        judged.time_period,
        {{ each_of(list_of(['judged.target_group', "'total'"])) }} as target_group
    from judged
    cross join policy
    where
        judged.fewest < policy.units_by_practice
        or (judged.left_open != 0 and judged.left_open < policy.minimum_units)
),

kept as (
    select time_period
    from {{ ref('int_practice_decisions') }}
    where subject = 'fte_by_reporting_form' and is_kept
),

kept_figures as (
    select distinct
        time_period,
        target_group
    from {{ ref('int_kept_practice_figures') }}
    where subject = 'fte_by_reporting_form'
)

select
    small.time_period,
    small.target_group
from small
left join kept
    on small.time_period = kept.time_period
where kept.time_period is null

union all

-- In a year that keeps the last snapshot's figures, those that it hid stay hidden.
select distinct
    groups.time_period,
    groups.target_group
from groups
inner join kept
    on groups.time_period = kept.time_period
left join kept_figures
    on groups.time_period = kept_figures.time_period
    and groups.target_group = kept_figures.target_group
where kept_figures.time_period is null
