with rounds as (
    select * from {{ ref('int_rounds') }}
),

asking_forms as (
    select distinct form
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'changed_reporting_practice'
),

first_asked as (
    select
        rounds.series,
        min(rounds.time_period) as time_period
    from rounds
    inner join asking_forms
        on rounds.form = asking_forms.form
    where rounds.is_delivered
    group by rounds.series
)

select
    later.series,
    later.form,
    earlier.time_period as time_period_from,
    later.time_period as time_period_to,
    earlier.is_delivered and later.is_delivered as is_delivered
from rounds as later
-- The question is about the year before, so a gap leaves no pair.
inner join rounds as earlier
    on later.series = earlier.series
    and later.time_period = earlier.time_period + 1
inner join first_asked
    on later.series = first_asked.series
    and later.time_period >= first_asked.time_period
left join asking_forms
    on later.form = asking_forms.form
where asking_forms.form is not null or not later.is_delivered
