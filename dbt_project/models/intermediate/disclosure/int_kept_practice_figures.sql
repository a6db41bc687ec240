with decisions as (
    select * from {{ ref('int_practice_decisions') }}
    where is_kept
),

published as (
    select * from {{ ref('stg_history__published_practice_figures') }}
)

select
    published.subject,
    published.time_period,
    published.target_group,
    published.reporting_form,
    max(case when published.measure = 'fte' then {{ exact('published.measured') }} end) as fte,
    max(case when published.measure = 'municipalities' then cast(published.measured as bigint) end) as municipalities,
    max(case when published.measure = 'real_change_percent' then published.measured end) as real_change_percent,
    max(case when published.measure = 'municipalities_excluded' then cast(published.measured as bigint) end)
        as municipalities_excluded
from published
inner join decisions
    on published.subject = decisions.subject
    and published.time_period = decisions.time_period
    and published.state = decisions.state
group by published.subject, published.time_period, published.target_group, published.reporting_form
