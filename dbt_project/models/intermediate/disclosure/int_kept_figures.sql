with decisions as (
    select * from {{ ref('int_disclosure_decisions') }}
    where decision = 'kept'
),

published as (
    select
        *,
        cast(
            max(case when measure = '' then measured end) over (
                partition by subject, indicator, item, time_period, state, members_sha256
            ) as bigint
        ) as n_answered
    from {{ ref('stg_history__published_groups') }}
)

select
    decisions.subject,
    decisions.indicator,
    decisions.item,
    decisions.time_period,
    decisions.area_basis,
    decisions.unit_level,
    decisions.unit_code,
    published.measure,
    published.measured,
    published.n_answered
from decisions
inner join published
    on decisions.subject = published.subject
    and decisions.indicator = published.indicator
    and decisions.item = published.item
    and decisions.time_period = published.time_period
    and decisions.state = published.state
    and decisions.members_sha256 = published.members_sha256
where published.measure != ''
