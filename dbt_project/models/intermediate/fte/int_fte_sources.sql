with responses as (
    select * from {{ ref('int_unit_responses') }}
    where series is not null
),

asked as (
    select distinct
        form,
        question,
        target_group
    from {{ ref('int_fte_asked') }}
)

select distinct
    responses.series,
    reported.time_period,
    reported.unit_code,
    reported.question,
    reported.target_group,
    'reported' as source,
    reported.time_period as earliest_period,
    false as takes_carried
from {{ ref('int_fte_reported') }} as reported
inner join responses
    on reported.time_period = responses.time_period
    and reported.unit_code = responses.unit_code
where not reported.is_left_blank

union all

select
    responses.series,
    routes.time_period,
    routes.unit_code,
    routes.question,
    routes.target_group,
    'confirmed' as source,
    0 as earliest_period,
    true as takes_carried
from {{ ref('int_fte_routes') }} as routes
inner join responses
    on routes.form = responses.form
    and routes.unit_code = responses.unit_code
where routes.is_confirmed

union all

select
    responses.series,
    responses.time_period,
    responses.unit_code,
    asked.question,
    asked.target_group,
    'carried_forward' as source,
    responses.time_period - forms.carry_forward_years as earliest_period,
    forms.carry_forward = 'chain' as takes_carried
from responses
inner join {{ ref('stg_forms__forms') }} as forms
    on responses.form = forms.form
inner join asked
    on responses.form = asked.form
where not responses.has_answered and responses.non_response = 'carry_forward'
