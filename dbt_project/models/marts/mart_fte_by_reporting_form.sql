with grid as (
    select * from {{ ref('int_fte_grid__reporting_form') }}
),

fte as (
    select * from {{ ref('int_fte__reporting_form') }}
),

choices as (
    select * from {{ ref('int_reporting_form_choices') }}
),

hidden as (
    select * from {{ ref('int_hidden_reporting_forms') }}
),

expected as (
    select
        form,
        count(distinct municipality_code) as municipalities,
        count(*) as units
    from {{ ref('int_unit_responses') }}
    group by form
),

units_with_fte as (
    select
        time_period,
        count(distinct unit_code) as units
    from {{ ref('int_fte_cells') }}
    where question = 'fte_by_service'
    group by time_period
),

kept as (
    select
        time_period,
        true as is_kept
    from {{ ref('int_practice_decisions') }}
    where subject = 'fte_by_reporting_form' and is_kept
),

kept_figures as (
    select * from {{ ref('int_kept_practice_figures') }}
    where subject = 'fte_by_reporting_form'
),

figures as (
    select
        grid.*,
        case
            when grid.reporting_form = 'separate' then null
            when kept.is_kept and grid.reporting_form != 'total' then kept_figures.fte
            else coalesce(fte.fte, case when grid.is_delivered then 0 end)
        end as fte,
        bool_or(coalesce(fte.is_carried_forward, false)) over (partition by grid.time_period, grid.target_group)
            as is_carried_forward,
        fte.carried_from,
        coalesce(fte.is_confirmed, false) as is_confirmed,
        coalesce(fte.is_from_constructed, false) as is_from_constructed,
        coalesce(fte.is_rejected, false) as is_rejected,
        coalesce(fte.is_half_missing, false) as is_half_missing,
        coalesce(fte.is_corrected, false) as is_corrected,
        case
            when not grid.is_delivered or grid.target_group = 'total' then null
            when kept.is_kept and grid.reporting_form != 'total' then kept_figures.municipalities
            when grid.reporting_form = 'joint' then coalesce(choices.chose_joint, 0)
            when grid.reporting_form = 'separate' then coalesce(choices.chose_separate, 0)
            when grid.reporting_form = 'total' then expected.municipalities
        end as municipalities,
        coalesce(kept.is_kept, false) and grid.reporting_form != 'total' as is_kept,
        coalesce(units_with_fte.units < expected.units, false) as is_units_missing,
        case
            when grid.is_delivered and not grid.is_asked and grid.reporting_form != 'total' then 'not_asked'
            when hidden.time_period is not null and grid.reporting_form != 'total' then 'confidential'
            -- The FTE of separate reports are counted under mental health and under substance use.
            when grid.reporting_form = 'separate' then 'not_applicable'
            when not grid.is_delivered then 'not_delivered'
        end as absence_reason
    from grid
    left join fte
        on grid.time_period = fte.time_period
        and grid.target_group = fte.target_group
        and grid.reporting_form = fte.reporting_form
    left join choices
        on grid.time_period = choices.time_period
        and grid.target_group = choices.target_group
    left join hidden
        on grid.time_period = hidden.time_period
        and grid.target_group = hidden.target_group
    left join expected
        on grid.form = expected.form
    left join units_with_fte
        on grid.time_period = units_with_fte.time_period
    left join kept
        on grid.time_period = kept.time_period
    left join kept_figures
        on grid.time_period = kept_figures.time_period
        and grid.target_group = kept_figures.target_group
        and grid.reporting_form = kept_figures.reporting_form
),

shares as (
    -- Units that did not answer are left out, so that a year with few answers does not look like a change of practice.
    select
        *,
        case
            when reporting_form = 'total' then municipalities
            else sum(case when reporting_form in ('joint', 'separate') then municipalities end) over forms
        end as municipalities_chosen
    from figures
    window forms as (partition by time_period, target_group)
)

select
    figures.time_period,
    figures.series,
    figures.target_group,
    figures.reporting_form,
    case when figures.absence_reason is null then figures.fte end as fte,
    case
        when coalesce(figures.absence_reason, '') not in ('confidential', 'not_asked') then figures.municipalities
    end as municipalities,
    case
        when coalesce(figures.absence_reason, '') not in ('confidential', 'not_asked')
            then cast(figures.municipalities as double) / nullif(figures.municipalities_chosen, 0)
    end as share_of_municipalities,
    {{ has_break("'fte_by_reporting_form'", 'figures') }} as series_break,
    case
        when figures.absence_reason is not null then {{ absence_status('figures.absence_reason') }}
        when figures.is_carried_forward then 'I'
        else 'A'
    end as obs_status,
    figures.absence_reason,
    case
        when figures.absence_reason is null then {{ notes({
            'awaits_changes': 'figures.is_kept',
            'confirmed': "figures.reporting_form = 'total' and figures.is_confirmed",
            'corrected': "figures.reporting_form = 'total' and figures.is_corrected",
            'rejected_cells':
                "figures.reporting_form = 'total' and (figures.is_rejected or figures.is_half_missing)",
            'units_missing': 'figures.is_units_missing',
        }, first="case when figures.reporting_form = 'total' then " ~ note_of_origin('figures.carried_from') ~ " end") }}
        -- For separate reports only the number of municipalities is shown.
        when figures.absence_reason = 'not_applicable' and figures.is_kept then 'awaits_changes'
    end as obs_note,
    figures.is_from_constructed
from shares as figures
