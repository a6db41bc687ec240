-- FTE by the form in which they were reported, and municipalities by the form they chose, for the rounds that offered the
-- choice. FTE count in the block in which they stand; municipalities by the choice they stated, a divided municipality by
-- the most frequent choice of its districts. Which form a municipality chose is confidential: where fewer chose a form than
-- the policy allows, their FTE, which are public, would tell; then only the totals of the year are shown.
with rounds as (
    select * from {{ ref('int_rounds') }}
),

offered as (
    select
        rounds.series,
        min(rounds.time_period) as time_period
    from rounds
    inner join {{ ref('stg_forms__columns') }} as columns
        on rounds.form = columns.form
    where columns.use = 'answer' and columns.question = 'reporting_form'
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

fte as (
    select
        time_period,
        coalesce(target_group, 'total') as target_group,
        coalesce(reporting_form, 'total') as reporting_form,
        {{ exact('sum(fte)') }} as fte,
        {{ exact('sum(fte_carried_forward)') }} as fte_carried_forward,
        bool_or(is_carried_forward) as is_carried_forward,
        bool_or(is_rejected) as is_rejected,
        bool_or(is_half_missing) as is_half_missing,
        bool_or(is_corrected) as is_corrected
    from {{ ref('int_fte_cells') }}
    where question = 'fte_by_service'
    group by grouping sets (
        (time_period, target_group, reporting_form),
        (time_period, target_group),
        (time_period, reporting_form),
        (time_period)
    )
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

figures as (
    select
        rounds.time_period,
        rounds.series,
        rounds.is_delivered,
        categories.target_group,
        categories.reporting_form,
        case
            when categories.reporting_form != 'separate' then coalesce(fte.fte, case when rounds.is_delivered then 0 end)
        end as fte,
        coalesce(fte.is_carried_forward, false) as is_carried_forward,
        coalesce(fte.is_rejected, false) as is_rejected,
        coalesce(fte.is_half_missing, false) as is_half_missing,
        coalesce(fte.is_corrected, false) as is_corrected,
        case
            when not rounds.is_delivered or categories.target_group = 'total' then null
            when categories.reporting_form in ('joint', 'separate') then coalesce(choices.municipalities, 0)
            when categories.reporting_form = 'total' then expected.municipalities
        end as municipalities,
        expected.municipalities as municipalities_expected,
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
),

parameters as (
    select max(case when parameter = 'min_units_published' then value end) as min_units
    from {{ ref('stg_classifications__parameters') }}
),

small as (
    select figures.time_period
    from figures
    cross join parameters
    where figures.reporting_form in ('joint', 'separate')
    group by figures.time_period, parameters.min_units
    having min(case when figures.municipalities > 0 then figures.municipalities end) < parameters.min_units
),

reasons as (
    select
        figures.*,
        case
            when small.time_period is not null and figures.reporting_form != 'total' then 'confidential'
            -- FTE of separate reports are counted under mental health and substance use.
            when figures.reporting_form = 'separate' then 'not_applicable'
            when not figures.is_delivered then 'not_delivered'
        end as absence_reason
    from figures
    left join small
        on figures.time_period = small.time_period
)

select
    reasons.time_period,
    reasons.series,
    reasons.target_group,
    reasons.reporting_form,
    case when reasons.absence_reason is null then reasons.fte end as fte,
    case when coalesce(reasons.absence_reason, '') != 'confidential' then reasons.municipalities end as municipalities,
    case
        when coalesce(reasons.absence_reason, '') != 'confidential'
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
            'corrected': 'reasons.is_corrected',
            'half_missing': 'reasons.is_half_missing',
            'rejected_cells': 'reasons.is_rejected',
            'units_missing': 'reasons.is_units_missing',
        }) }}
    end as obs_note
from reasons
