with pairs as (
    select * from {{ ref('int_fte_year_pairs') }}
),

groups as (
    select code as target_group
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'target_group'
),

national_totals as (
    select
        time_period,
        target_group,
        {{ exact('sum(fte)') }} as fte,
        bool_or(is_carried_forward) as is_carried_forward,
        bool_or(is_from_constructed) as is_from_constructed
    from {{ ref('int_fte__unit') }}
    where question = 'fte_by_service' and category = 'total'
    group by time_period, target_group
),

left_out as (
    select * from {{ ref('int_fte_left_out') }}
),

practice as (
    select * from {{ ref('int_shown_real_change') }}
),

kept as (
    select time_period
    from {{ ref('int_practice_decisions') }}
    where subject = 'real_change' and is_kept
),

kept_figures as (
    select * from {{ ref('int_kept_practice_figures') }}
    where subject = 'real_change'
),

figures as (
    select
        pairs.time_period_from,
        pairs.time_period_to,
        pairs.is_delivered,
        groups.target_group,
        cast(earlier.fte as double) as fte_from,
        cast(later.fte as double) as fte_to,
        later.fte - earlier.fte as change_fte,
        cast(earlier.fte - coalesce(left_out.fte_from, 0) as double) as real_fte_from,
        cast(later.fte - coalesce(left_out.fte_to, 0) as double) as real_fte_to,
        kept.time_period is not null as is_kept,
        kept_figures.real_change_percent as kept_percent,
        case when kept.time_period is null then practice.units_excluded else kept_figures.municipalities_excluded end
            as units_excluded,
        case
            when kept.time_period is null then coalesce(practice.is_shown, false)
            else kept_figures.time_period is not null
        end as is_practice_shown,
        coalesce(earlier.is_carried_forward, false) or coalesce(later.is_carried_forward, false) as is_carried_forward,
        coalesce(earlier.is_from_constructed, false) or coalesce(later.is_from_constructed, false) as is_from_constructed
    from pairs
    cross join groups
    left join national_totals as earlier
        on pairs.time_period_from = earlier.time_period
        and groups.target_group = earlier.target_group
    left join national_totals as later
        on pairs.time_period_to = later.time_period
        and groups.target_group = later.target_group
    left join left_out
        on pairs.time_period_to = left_out.time_period_to
        and groups.target_group = left_out.target_group
    left join practice
        on pairs.time_period_to = practice.time_period_to
    left join kept
        on pairs.time_period_to = kept.time_period
    left join kept_figures
        on pairs.time_period_to = kept_figures.time_period
        and groups.target_group = kept_figures.target_group
),

reasons as (
    -- There is no change for a target group that a round left out or that had no FTE.
    select
        *,
        case
            when not is_delivered then 'not_delivered'
            when fte_from is null or fte_to is null then 'not_asked'
            when fte_from = 0 then 'not_applicable'
        end as absence_reason
    from figures
)

select
    time_period_from,
    time_period_to,
    target_group,
    case when absence_reason is null then (fte_to / fte_from - 1) * 100 end as change_percent,
    case
        when is_kept then kept_percent
        when is_practice_shown then round((real_fte_to / nullif(real_fte_from, 0) - 1) * 100, 1)
    end as real_change_percent,
    case when is_delivered then change_fte end as change_fte,
    case when is_practice_shown then units_excluded end as municipalities_excluded,
    case
        when absence_reason is not null then {{ absence_status('absence_reason') }}
        when is_carried_forward then 'I'
        else 'A'
    end as obs_status,
    absence_reason,
    case
        when absence_reason is null then {{ notes({
            'awaits_changes': 'is_kept and is_practice_shown',
            'practice_confidential': 'not is_practice_shown',
        }) }}
    end as obs_note,
    is_from_constructed
from reasons
