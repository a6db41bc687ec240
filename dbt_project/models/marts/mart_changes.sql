with comparability as (
    select * from {{ ref('mart_comparability') }}
),

fte as (
    select
        question as indicator,
        target_group || '_' || category as category,
        time_period,
        cast(fte as double) as value
    from {{ ref('int_fte_observations') }}
    where unit_level = 'country' and area_basis = 'reported' and fte is not null
),

shares as (
    select
        indicator,
        item || '_' || answer as category,
        time_period,
        share_of_answered * 100 as value
    from {{ ref('mart_indicator_shares') }}
    where unit_level = 'country' and area_basis = 'reported' and absence_reason is null
),

figures as (
    select * from fte
    union all
    select * from shares
)

select
    earlier.indicator,
    earlier.category,
    comparability.time_period_from,
    comparability.time_period_to,
    comparability.verdict,
    case when comparability.verdict != 'not_comparable' then later.value - earlier.value end as change
from comparability
inner join figures as earlier
    on comparability.indicator = earlier.indicator
    and comparability.time_period_from = earlier.time_period
inner join figures as later
    on comparability.indicator = later.indicator
    and comparability.time_period_to = later.time_period
    and earlier.category = later.category
