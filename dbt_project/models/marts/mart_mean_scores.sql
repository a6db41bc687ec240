with scores as (
    select * from {{ ref('stg_indicators__scores') }}
),

scales as (
    select
        scale,
        count(*) as step_count
    from scores
    group by scale
),

answers as (
    select
        shares.indicator,
        shares.item,
        shares.time_period,
        shares.unit_level,
        shares.unit_code,
        shares.unit_name,
        shares.area_basis,
        shares.unit_set,
        shares.n_answer,
        shares.n_answered,
        shares.series_break,
        shares.obs_status,
        shares.absence_reason,
        shares.obs_note,
        scores.scale,
        scores.score
    from {{ ref('mart_indicator_shares') }} as shares
    inner join {{ ref('stg_indicators__indicators') }} as indicators
        on shares.indicator = indicators.indicator
    inner join scores
        on indicators.scale = scores.scale
        and shares.answer = scores.answer
),

sums as (
    select
        indicator,
        item,
        time_period,
        unit_level,
        unit_code,
        unit_name,
        area_basis,
        unit_set,
        scale,
        count(*) as option_count,
        -- A mean is hidden when one of its answers is hidden.
        case when count(*) = count(n_answer) then cast(sum(n_answer) as bigint) end as n_base,
        case when count(*) = count(n_answer) then cast(sum(n_answer * score) as bigint) end as score_sum,
        max(n_answered) as n_answered,
        bool_or(series_break) as series_break,
        max(case when absence_reason is null then obs_status end) as obs_status,
        max(absence_reason) as absence_reason,
        max(obs_note) as obs_note
    from answers
    group by indicator, item, time_period, unit_level, unit_code, unit_name, area_basis, unit_set, scale
),

judged as (
    select
        *,
        -- All units that answered gave answers outside the scale.
        case when n_base = 0 then 'not_applicable' else absence_reason end as reason
    from sums
)

-- A round whose form had fewer steps has another scale.
select
    judged.indicator,
    judged.item,
    judged.time_period,
    judged.unit_level,
    judged.unit_code,
    judged.unit_name,
    judged.area_basis,
    cast(judged.score_sum as double) / nullif(judged.n_base, 0) as mean_score,
    judged.n_base,
    case when coalesce(judged.reason, '') != 'confidential' then judged.n_answered end as n_answered,
    judged.unit_set,
    judged.series_break,
    coalesce({{ absence_status('judged.reason') }}, judged.obs_status) as obs_status,
    judged.reason as absence_reason,
    case when judged.reason is null then judged.obs_note end as obs_note
from judged
inner join scales
    on judged.scale = scales.scale
    and judged.option_count = scales.step_count
