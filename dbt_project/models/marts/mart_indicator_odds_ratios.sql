with compared as (
    select * from {{ ref('stg_indicators__odds_ratios') }}
),

groups as (
    -- The base is that of the shares in the printed reports.
    select
        shares.indicator,
        shares.item,
        shares.answer,
        shares.time_period,
        shares.unit_level,
        shares.unit_code,
        shares.unit_name,
        shares.area_basis,
        compared.reference_code,
        shares.n_answer,
        case when shares.base = 'all' then shares.n_units else shares.n_answered end as n_base,
        case when shares.base = 'all' then shares.n_units else shares.n_answered end - shares.n_answer as n_other,
        shares.unit_set,
        shares.series_break,
        shares.absence_reason,
        coalesce(shares.obs_note, '') as obs_note
    from {{ ref('mart_indicator_shares') }} as shares
    inner join compared
        on shares.indicator = compared.indicator
        and shares.item = compared.item
        and shares.answer = compared.answer
        and shares.unit_level = compared.unit_level
),

pairs as (
    select
        groups.*,
        reference_group.n_answer as reference_n_answer,
        reference_group.n_base as reference_n_base,
        reference_group.n_other as reference_n_other,
        groups.obs_note || ';' || reference_group.obs_note as both_notes,
        coalesce(
            groups.absence_reason,
            reference_group.absence_reason,
            -- The ratio is undefined where none or all of a group gave the answer.
            case
                when groups.n_answer * groups.n_other * reference_group.n_answer * reference_group.n_other = 0
                    then 'not_applicable'
            end
        ) as reason
    from groups
    inner join groups as reference_group
        on groups.indicator = reference_group.indicator
        and groups.item = reference_group.item
        and groups.answer = reference_group.answer
        and groups.time_period = reference_group.time_period
        and groups.area_basis = reference_group.area_basis
        and groups.unit_level = reference_group.unit_level
        and groups.reference_code = reference_group.unit_code
    where groups.unit_code != groups.reference_code
),

odds as (
    select
        *,
        coalesce(reason, '') != 'confidential' as is_shown,
        case when reason is null then cast(n_answer as double) / n_other end as group_odds,
        case when reason is null then cast(reference_n_answer as double) / reference_n_other end as reference_odds,
        case when reason is null then 1 / cast(n_answer as double) + 1 / cast(n_other as double) end as group_variance,
        case when reason is null then 1 / cast(reference_n_answer as double) + 1 / cast(reference_n_other as double) end
            as reference_variance
    from pairs
),

logarithms as (
    select
        *,
        ln(group_odds / reference_odds) as log_ratio,
        sqrt(group_variance + reference_variance) as log_error
    from odds
)

select
    indicator,
    item,
    answer,
    time_period,
    unit_level,
    unit_code,
    unit_name,
    area_basis,
    reference_code,
    -- Rounded to the published decimals: the last bits of logarithms depend on the engine.
    {{ public_ratio('exp(log_ratio)') }} as odds_ratio,
    {{ public_ratio('exp(log_ratio) * log_error') }} as odds_ratio_std_err,
    {{ public_ratio('log_ratio / log_error') }} as z_value,
    {{ public_ratio(two_sided_p('(log_ratio / log_error)')) }} as p_value,
    {{ public_ratio('exp(log_ratio - ' ~ limit_of('normal_quantile_975') ~ ' * log_error)') }} as odds_ratio_ci95_low,
    {{ public_ratio('exp(log_ratio + ' ~ limit_of('normal_quantile_975') ~ ' * log_error)') }} as odds_ratio_ci95_high,
    case when is_shown then n_answer end as n_answer,
    case when is_shown then n_base end as n_base,
    case when is_shown then reference_n_answer end as reference_n_answer,
    case when is_shown then reference_n_base end as reference_n_base,
    unit_set,
    series_break,
    coalesce({{ absence_status('reason') }}, 'A') as obs_status,
    reason as absence_reason,
    case
        when reason is null then {{ notes({
            'awaits_changes': "both_notes like '%awaits_changes%'",
            'corrected': "both_notes like '%corrected%'",
        }) }}
    end as obs_note
from logarithms
