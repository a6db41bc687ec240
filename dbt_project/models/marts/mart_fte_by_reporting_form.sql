-- FTE and municipalities by chosen reporting form, for the rounds that offered the choice. FTE are reported jointly, for
-- mental health or for substance use; municipalities choose joint or separate.
with rounds as (
    select * from {{ ref('int_rounds') }}
),

first_offered as (
    select min(time_period) as time_period
    from {{ ref('stg_classifications__series_breaks') }}
    where indicator = 'fte_by_reporting_form' and kind = 'new'
),

categories as (
    select
        groups.code as target_group,
        forms.code as reporting_form
    from {{ ref('stg_classifications__codelists') }} as groups
    cross join {{ ref('stg_classifications__codelists') }} as forms
    where groups.codelist = 'target_group' and forms.codelist = 'reporting_form'
),

printed as (
    select * from {{ ref('int_fte_printed__country') }}
    where breakdown = 'reporting_form'
),

choices as (
    select
        time_period,
        dimension['target_group'] as target_group,
        dimension['reporting_form'] as reporting_form,
        max(case when measure = 'municipalities' then value end) as municipalities,
        max(case when measure = 'share_of_municipalities' then value / 100 end) as share_of_municipalities
    from {{ ref('stg_published__figures') }}
    where
        measure in ('municipalities', 'share_of_municipalities')
        and dimension_names = 'reporting_form;target_group'
    group by time_period, dimension['target_group'], dimension['reporting_form']
),

figures as (
    select
        rounds.time_period,
        rounds.series,
        categories.target_group,
        categories.reporting_form,
        printed.fte,
        printed.fte_error,
        choices.municipalities,
        choices.share_of_municipalities,
        coalesce(rounds.units_carried_forward, 0) > 0 as has_carried_forward,
        case
            when printed.fte is not null then 'from_print'
            when choices.share_of_municipalities is not null then 'share_from_print'
        end as obs_note,
        lag(rounds.time_period) over (
            partition by categories.target_group, categories.reporting_form
            order by rounds.time_period
        ) as previous_period
    from rounds
    inner join first_offered
        on rounds.time_period >= first_offered.time_period
    cross join categories
    left join printed
        on rounds.time_period = printed.time_period
        and categories.target_group = printed.target_group
        and categories.reporting_form = printed.category
    left join choices
        on rounds.time_period = choices.time_period
        and categories.target_group = choices.target_group
        and categories.reporting_form = choices.reporting_form
),

reasons as (
    select
        *,
        case
            when fte is not null then null
            -- FTE of separate reports are counted under mental health and substance use.
            when reporting_form = 'separate' then 'not_applicable'
            else 'not_delivered'
        end as absence_reason
    from figures
)

select
    reasons.time_period,
    reasons.series,
    reasons.target_group,
    reasons.reporting_form,
    reasons.fte,
    reasons.fte_error,
    reasons.municipalities,
    reasons.share_of_municipalities,
    {{ has_break("'fte_by_reporting_form'", 'reasons') }} as series_break,
    case
        when reasons.absence_reason is not null then {{ absence_status('reasons.absence_reason') }}
        when reasons.has_carried_forward then 'I'
        else 'A'
    end as obs_status,
    reasons.absence_reason,
    reasons.obs_note
from reasons
