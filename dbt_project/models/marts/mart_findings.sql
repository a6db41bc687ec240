-- Internal: what the control of a survey year asks units about, one row a unit and finding. Wording of answers stays here.
with margin as (
    select max(case when parameter = 'pathway_margin_fte' then value end) as pathway_margin_fte
    from {{ ref('stg_classifications__parameters') }}
),

routes as (
    select * from {{ ref('int_fte_routes') }}
),

units as (
    select * from {{ ref('int_fte__unit') }}
    where category = 'total'
),

pathways as (
    select
        pathways.time_period,
        pathways.unit_code,
        pathways.target_group,
        pathways.fte as pathway_fte,
        services.fte as service_fte
    from units as pathways
    inner join units as services
        on pathways.time_period = services.time_period
        and pathways.unit_code = services.unit_code
        and pathways.target_group = services.target_group
        and services.question = 'fte_by_service'
    where pathways.question = 'fte_by_pathway' and pathways.target_group != 'total' and not pathways.is_carried_forward
)

select
    time_period,
    unit_code,
    'half_missing' as finding,
    question,
    target_group,
    case when mental_health_filled then 'substance_use' else 'mental_health' end as detail
from routes
where is_half_missing

union all

select
    time_period,
    unit_code,
    'filled_twice' as finding,
    question,
    target_group,
    concat_ws(' ', 'chosen:', stated_choice) as detail
from routes
where is_filled_twice

union all

select
    time_period,
    unit_code,
    'choice_contradicted' as finding,
    question,
    target_group,
    concat_ws(' ', 'chosen:', stated_choice, 'filled:', route) as detail
from routes
where is_choice_contradicted

union all

select
    time_period,
    unit_code,
    'rejected_cell' as finding,
    question,
    target_group,
    concat_ws(' ', item, reporting_form, fate_reason, text) as detail
from {{ ref('int_answers') }}
where fate = 'rejected'

union all

select
    time_period,
    unit_code,
    'superseded_submission' as finding,
    cast(null as varchar) as question,
    cast(null as varchar) as target_group,
    submission_key as detail
from {{ ref('int_submissions') }}
where verdict = 'superseded'

union all

select
    pathways.time_period,
    pathways.unit_code,
    'pathway_margin' as finding,
    'fte_by_pathway' as question,
    pathways.target_group,
    concat_ws(' ', 'services:', pathways.service_fte, 'pathways:', pathways.pathway_fte) as detail
from pathways
cross join margin
where abs(pathways.pathway_fte - pathways.service_fte) > margin.pathway_margin_fte
