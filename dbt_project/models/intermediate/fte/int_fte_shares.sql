with origins as (
    select * from {{ ref('int_fte_origins') }}
),

reported as (
    select * from {{ ref('int_fte_reported') }}
    where not is_left_blank
),

categories as (
    select * from {{ ref('int_fte_category_successors') }}
),

rests as (
    select * from {{ ref('int_fte_rests') }}
)

select
    origins.time_period,
    origins.unit_code,
    origins.question,
    origins.target_group,
    origins.source,
    origins.earlier_period,
    origins.earlier_code,
    origins.origin_period,
    reported.reporting_form,
    reported.category as earlier_category,
    categories.category,
    case
        when origins.takes_rest and rests.is_known then rests.fte
        else {{ exact('reported.fte * ' ~ weight_of('origins.target_group', 'origins')) }}
    end as fte,
    categories.category is null and coalesce(reported.fte, 0) > 0 as is_without_place,
    {{ weight_of('origins.target_group', 'origins') }} is null as is_weight_missing,
    origins.is_split,
    origins.is_weight_estimated,
    reported.is_rejected,
    reported.is_half_missing,
    reported.is_corrected,
    {{ is_constructed('origins.earlier_period', 'origins.series') }} as is_from_constructed
from origins
inner join reported
    on origins.earlier_period = reported.time_period
    and origins.earlier_code = reported.unit_code
    and origins.question = reported.question
    and origins.target_group = reported.target_group
left join categories
    on origins.series = categories.series
    and origins.time_period = categories.time_period
    and origins.question = categories.question
    and origins.target_group = categories.target_group
    and origins.earlier_period = categories.earlier_period
    and reported.category = categories.earlier_category
left join rests
    on reported.time_period = rests.time_period
    and reported.unit_code = rests.unit_code
    and reported.question = rests.question
    and reported.target_group = rests.target_group
    and reported.reporting_form = rests.reporting_form
    and reported.category = rests.category
