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
),

pairs as (
    -- The question is about the year before, so a gap leaves no pair.
    select
        later.series,
        later.form,
        earlier.time_period as time_period_from,
        later.time_period as time_period_to,
        earlier.is_delivered and later.is_delivered as is_delivered
    from rounds as later
    inner join rounds as earlier
        on later.series = earlier.series
        and later.time_period = earlier.time_period + 1
    inner join first_asked
        on later.series = first_asked.series
        and later.time_period >= first_asked.time_period
    left join asking_forms
        on later.form = asking_forms.form
    where asking_forms.form is not null or not later.is_delivered
),

excluded as (
    select distinct
        form,
        time_period as time_period_to,
        unit_code
    from {{ ref('int_counted_answers') }}
    where question = 'changed_reporting_practice' and answer = 'yes'
),

unit_totals as (
    select * from {{ ref('int_fte__unit') }}
    where question = 'fte_by_service' and category = 'total'
),

national_totals as (
    select
        time_period,
        target_group,
        {{ exact('sum(fte)') }} as fte,
        bool_or(is_carried_forward) as is_carried_forward,
        bool_or(is_from_constructed) as is_from_constructed
    from unit_totals
    group by time_period, target_group
),

excluded_later as (
    select
        excluded.time_period_to,
        unit_totals.target_group,
        {{ exact('sum(unit_totals.fte)') }} as fte
    from excluded
    inner join unit_totals
        on excluded.time_period_to = unit_totals.time_period
        and excluded.unit_code = unit_totals.unit_code
    group by excluded.time_period_to, unit_totals.target_group
),

shares_earlier as (
    select
        excluded.time_period_to,
        unit_totals.target_group,
        unit_totals.fte
        * case unit_totals.target_group when 'children' then successors.weight_children else successors.weight_adults end
            as fte,
        successors.weight_adults is null as is_weight_missing
    from excluded
    inner join {{ ref('int_unit_successors') }} as successors
        on excluded.time_period_to = successors.target_period
        and excluded.time_period_to = successors.time_period + 1
        and excluded.unit_code = successors.successor_code
    inner join unit_totals
        on successors.time_period = unit_totals.time_period
        and successors.unit_code = unit_totals.unit_code
    where unit_totals.target_group != 'total'
),

excluded_earlier as (
    select
        time_period_to,
        coalesce(target_group, 'total') as target_group,
        {{ exact('sum(fte)') }} as fte
    from shares_earlier
    group by grouping sets ((time_period_to, target_group), (time_period_to))
),

counts as (
    select
        time_period_to,
        count(*) as units_excluded
    from excluded
    group by time_period_to
),

answered as (
    select
        form,
        count(*) as units_answered
    from {{ ref('int_unit_responses') }}
    where has_answered
    group by form
),

unweighted as (
    -- Ground without a weight has few successors: that real change is unknown would tell that one of them changed.
    select distinct time_period_to
    from shares_earlier
    where is_weight_missing
),

policy as (
    select max(case when parameter = 'units_by_practice' then value end) as min_units
    from {{ ref('stg_disclosure__limits') }}
),

shown as (
    select pairs.time_period_to
    from pairs
    cross join policy
    inner join counts
        on pairs.time_period_to = counts.time_period_to
    inner join answered
        on pairs.form = answered.form
    left join unweighted
        on pairs.time_period_to = unweighted.time_period_to
    where
        pairs.is_delivered
        and counts.units_excluded >= policy.min_units
        -- Units that did not answer are known, and none of them said that its practice changed.
        and answered.units_answered - counts.units_excluded >= policy.min_units
        and unweighted.time_period_to is null
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

groups as (
    select code as target_group
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'target_group'
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
        cast(earlier.fte - coalesce(excluded_earlier.fte, 0) as double) as real_fte_from,
        cast(later.fte - coalesce(excluded_later.fte, 0) as double) as real_fte_to,
        kept.time_period is not null as is_kept,
        kept_figures.real_change_percent as kept_percent,
        case when kept.time_period is null then counts.units_excluded else kept_figures.municipalities_excluded end
            as units_excluded,
        coalesce(kept_figures.time_period, case when kept.time_period is null then shown.time_period_to end) is not null
            as is_practice_shown,
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
    left join excluded_later
        on pairs.time_period_to = excluded_later.time_period_to
        and groups.target_group = excluded_later.target_group
    left join excluded_earlier
        on pairs.time_period_to = excluded_earlier.time_period_to
        and groups.target_group = excluded_earlier.target_group
    left join counts
        on pairs.time_period_to = counts.time_period_to
    left join shown
        on pairs.time_period_to = shown.time_period_to
    left join kept
        on pairs.time_period_to = kept.time_period
    left join kept_figures
        on pairs.time_period_to = kept_figures.time_period
        and groups.target_group = kept_figures.target_group
),

reasons as (
    -- A round that left out a target group, or had no FTE in it, gives it no change.
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
