with rounds as (
    select * from {{ ref('int_rounds') }}
),

offering as (
    -- The choice is offered for each group, and so for both together where it is for any.
    select distinct
        form,
        target_group
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'reporting_form'
    union
    select
        form,
        'total' as target_group
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'reporting_form'
),

offered as (
    select
        rounds.series,
        min(rounds.time_period) as time_period
    from rounds
    inner join offering
        on rounds.form = offering.form
    group by rounds.series
),

categories as (
    select
        groups.code as target_group,
        forms.code as reporting_form
    from {{ ref('stg_classifications__codelists') }} as groups
    cross join {{ ref('stg_classifications__codelists') }} as forms
    where
        groups.codelist = 'target_group'
        and forms.codelist = 'reporting_form'
        -- The choice is made for each group; nobody chooses for both.
        and not (groups.code = 'total' and forms.code = 'separate')
),

all_fte as (
    select
        time_period,
        grouping(reporting_form) as is_total,
        coalesce(target_group, 'total') as target_group,
        coalesce(reporting_form, 'total') as reporting_form,
        {{ exact('sum(fte)') }} as fte,
        {{ exact('sum(fte_carried_forward)') }} as fte_carried_forward,
        bool_or(is_carried_forward) as is_carried_forward,
        min(carried_from) as carried_from,
        bool_or(is_confirmed) as is_confirmed,
        bool_or(is_from_constructed) as is_from_constructed,
        bool_or(is_rejected) as is_rejected,
        bool_or(is_half_missing) as is_half_missing,
        bool_or(is_corrected) as is_corrected
    from {{ ref('int_fte_cells') }}
    where question = 'fte_by_service'
    group by
        grouping sets (
            (time_period, target_group, reporting_form),
            (time_period, target_group),
            (time_period, reporting_form),
            (time_period)
        )
),

fte as (
    -- What a form does not divide is in the total only.
    select * from all_fte
    where is_total = 1 or reporting_form != 'total'
),

choices as (
    select
        time_period,
        target_group,
        answer as reporting_form,
        count(*) as municipalities
    from {{ ref('int_unit_answers') }}
    where unit_level = 'municipality' and question = 'reporting_form' and is_chosen
    group by time_period, target_group, answer
),

responses as (
    select * from {{ ref('int_unit_responses') }}
),

expected as (
    select
        form,
        count(distinct municipality_code) as municipalities,
        count(distinct case when has_answered then municipality_code end) as municipalities_answered,
        count(*) as units
    from responses
    group by form
),

with_fte as (
    select
        cells.time_period,
        cells.target_group,
        count(distinct case when cells.reporting_form = 'joint' then responses.municipality_code end) as joint,
        count(distinct case when cells.reporting_form != 'joint' then responses.municipality_code end) as separate
    from {{ ref('int_fte_cells') }} as cells
    inner join responses
        on cells.time_period = responses.time_period
        and cells.unit_code = responses.unit_code
    where cells.question = 'fte_by_service' and cells.fte > 0
    group by cells.time_period, cells.target_group
),

stated as (
    select
        time_period,
        target_group,
        sum(case when reporting_form = 'joint' then municipalities else 0 end) as joint,
        sum(case when reporting_form = 'separate' then municipalities else 0 end) as separate
    from choices
    group by time_period, target_group
),

policy as (
    select
        max(case when parameter = 'minimum_units' then value end) as minimum_units,
        max(case when parameter = 'units_by_practice' then value end) as units_by_practice
    from {{ ref('stg_disclosure__limits') }}
),

judged as (
    -- The choice is made for each group.
    select
        rounds.time_period,
        offering.target_group,
        least(
            coalesce(stated.joint, 0),
            coalesce(stated.separate, 0),
            coalesce(with_fte.joint, 0),
            coalesce(with_fte.separate, 0)
        ) as fewest,
        expected.municipalities_answered - coalesce(stated.joint, 0) - coalesce(stated.separate, 0) as left_open
    from rounds
    inner join expected
        on rounds.form = expected.form
    inner join offering
        on rounds.form = offering.form
        and offering.target_group != 'total'
    left join stated
        on rounds.time_period = stated.time_period
        and offering.target_group = stated.target_group
    left join with_fte
        on rounds.time_period = with_fte.time_period
        and offering.target_group = with_fte.target_group
    where rounds.is_delivered
),

small as (
    select
        judged.time_period,
        judged.target_group
    from judged
    cross join policy
    where
        judged.fewest < policy.units_by_practice
        or (judged.left_open != 0 and judged.left_open < policy.minimum_units)
),

kept as (
    select time_period
    from {{ ref('int_practice_decisions') }}
    where subject = 'fte_by_reporting_form' and is_kept
),

kept_figures as (
    select * from {{ ref('int_kept_practice_figures') }}
    where subject = 'fte_by_reporting_form'
),

hidden as (
    -- Of a year that keeps the last snapshot's figures, what that one hid.
    select
        small.time_period,
        small.target_group
    from small
    left join kept
        on small.time_period = kept.time_period
    where kept.time_period is null

    union

    select
        small.time_period,
        'total' as target_group
    from small
    left join kept
        on small.time_period = kept.time_period
    where kept.time_period is null

    union

    select
        kept.time_period,
        categories.target_group
    from kept
    cross join categories
    left join kept_figures
        on kept.time_period = kept_figures.time_period
        and categories.target_group = kept_figures.target_group
    where kept_figures.time_period is null
),

units_with_fte as (
    select
        time_period,
        count(distinct unit_code) as units
    from {{ ref('int_fte_cells') }}
    where question = 'fte_by_service'
    group by time_period
),

figures as (
    select
        rounds.time_period,
        rounds.series,
        rounds.is_delivered,
        offering.form is not null as is_asked,
        categories.target_group,
        categories.reporting_form,
        case
            when categories.reporting_form = 'separate' then null
            when kept.time_period is not null and categories.reporting_form != 'total' then kept_figures.fte
            else coalesce(fte.fte, case when rounds.is_delivered then 0 end)
        end as fte,
        coalesce(
            bool_or(fte.is_carried_forward) over (partition by rounds.time_period, categories.target_group), false
        ) as is_carried_forward,
        fte.carried_from,
        coalesce(fte.is_confirmed, false) as is_confirmed,
        coalesce(fte.is_from_constructed, false) as is_from_constructed,
        coalesce(fte.is_rejected, false) as is_rejected,
        coalesce(fte.is_half_missing, false) as is_half_missing,
        coalesce(fte.is_corrected, false) as is_corrected,
        case
            when not rounds.is_delivered or categories.target_group = 'total' then null
            when kept.time_period is not null and categories.reporting_form != 'total' then kept_figures.municipalities
            when categories.reporting_form in ('joint', 'separate') then coalesce(choices.municipalities, 0)
            when categories.reporting_form = 'total' then expected.municipalities
        end as municipalities,
        expected.municipalities as municipalities_expected,
        kept.time_period is not null and categories.reporting_form != 'total' as is_kept,
        coalesce(units_with_fte.units < expected.units, false) as is_units_missing,
        lag(rounds.time_period) over (
            partition by categories.target_group, categories.reporting_form
            order by rounds.time_period
        ) as previous_period
    from rounds
    inner join offered
        on rounds.series = offered.series
        and rounds.time_period >= offered.time_period
    cross join categories
    left join offering
        on rounds.form = offering.form
        and categories.target_group = offering.target_group
    left join fte
        on rounds.time_period = fte.time_period
        and categories.target_group = fte.target_group
        and categories.reporting_form = fte.reporting_form
    left join choices
        on rounds.time_period = choices.time_period
        and categories.target_group = choices.target_group
        and categories.reporting_form = choices.reporting_form
    left join expected
        on rounds.form = expected.form
    left join units_with_fte
        on rounds.time_period = units_with_fte.time_period
    left join kept
        on rounds.time_period = kept.time_period
    left join kept_figures
        on rounds.time_period = kept_figures.time_period
        and categories.target_group = kept_figures.target_group
        and categories.reporting_form = kept_figures.reporting_form
),

reasons as (
    select
        figures.*,
        case
            when figures.is_delivered and not figures.is_asked and figures.reporting_form != 'total' then 'not_asked'
            when hidden.time_period is not null and figures.reporting_form != 'total' then 'confidential'
            -- FTE of separate reports are counted under mental health and substance use.
            when figures.reporting_form = 'separate' then 'not_applicable'
            when not figures.is_delivered then 'not_delivered'
        end as absence_reason
    from figures
    left join hidden
        on figures.time_period = hidden.time_period
        and figures.target_group = hidden.target_group
)

select
    reasons.time_period,
    reasons.series,
    reasons.target_group,
    reasons.reporting_form,
    case when reasons.absence_reason is null then reasons.fte end as fte,
    case
        when coalesce(reasons.absence_reason, '') not in ('confidential', 'not_asked') then reasons.municipalities
    end as municipalities,
    case
        when coalesce(reasons.absence_reason, '') not in ('confidential', 'not_asked')
            then cast(reasons.municipalities as double) / reasons.municipalities_expected
    end as share_of_municipalities,
    {{ has_break("'fte_by_reporting_form'", 'reasons') }} as series_break,
    case
        when reasons.absence_reason is not null then {{ absence_status('reasons.absence_reason') }}
        when reasons.is_carried_forward then 'I'
        else 'A'
    end as obs_status,
    reasons.absence_reason,
    case
        when reasons.absence_reason is null then {{ notes({
            'awaits_changes': 'reasons.is_kept',
            'confirmed': "reasons.reporting_form = 'total' and reasons.is_confirmed",
            'corrected': "reasons.reporting_form = 'total' and reasons.is_corrected",
            'rejected_cells':
                "reasons.reporting_form = 'total' and (reasons.is_rejected or reasons.is_half_missing)",
            'units_missing': 'reasons.is_units_missing',
        }, first="case when reasons.reporting_form = 'total' then " ~ note_of_origin('reasons.carried_from') ~ " end") }}
        -- Of separate reports only the municipalities are shown.
        when reasons.absence_reason = 'not_applicable' and reasons.is_kept then 'awaits_changes'
    end as obs_note,
    reasons.is_from_constructed
from reasons
