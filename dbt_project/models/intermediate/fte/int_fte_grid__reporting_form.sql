with rounds as (
    select * from {{ ref('int_rounds') }}
),

choices as (
    select
        form,
        target_group
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and question = 'reporting_form'
),

offering as (
    -- The choice is offered per target group; both groups together have it where either has.
    select distinct
        form,
        {{ each_of(list_of(['target_group', "'total'"])) }} as target_group
    from choices
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
        -- Units choose per target group, never for both together.
        and not (groups.code = 'total' and forms.code = 'separate')
)

select
    rounds.time_period,
    rounds.series,
    rounds.form,
    rounds.is_delivered,
    categories.target_group,
    categories.reporting_form,
    offering.form is not null as is_asked,
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
