with periods as (
    select * from {{ ref('mart_indicator_periods') }}
),

breaks as (
    select * from {{ ref('int_series_breaks') }}
    where kind not in ('new', 'dropped', 'not_delivered') or not comparable_before
),

signed as (
    select * from {{ ref('stg_decisions__comparability') }}
),

derived as (
    select
        earlier.indicator,
        earlier.time_period as time_period_from,
        later.time_period as time_period_to,
        bool_or(not breaks.comparable_before) as has_breaking,
        count(breaks.indicator) > 0 as has_any,
        {{ joined("breaks.kind || ' ' || breaks.time_period", '; ', 'breaks.time_period, breaks.kind') }} as reasons
    from periods as earlier
    inner join periods as later
        on earlier.indicator = later.indicator
        and earlier.time_period < later.time_period
    left join breaks
        on earlier.indicator = breaks.indicator
        and earlier.time_period < breaks.time_period
        and later.time_period >= breaks.time_period
    group by earlier.indicator, earlier.time_period, later.time_period
)

select
    derived.indicator,
    derived.time_period_from,
    derived.time_period_to,
    coalesce(
        signed.verdict,
        case
            when derived.has_breaking then 'not_comparable'
            when derived.has_any then 'with_correction'
            else 'comparable'
        end
    ) as verdict,
    -- The wording of a signed reason stays with the entry.
    case when signed.verdict is null then coalesce(derived.reasons, 'no break') else 'signed decision' end as reason,
    case when signed.verdict is null then 'derived' else 'signed' end as derived_or_signed
from derived
left join signed
    on derived.indicator = signed.indicator
    and derived.time_period_from = signed.time_period_from
    and derived.time_period_to = signed.time_period_to
