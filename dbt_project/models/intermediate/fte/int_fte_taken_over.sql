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
    -- What the other successors of a unit that was split leave over.
    select
        reported.time_period,
        reported.unit_code,
        reported.question,
        reported.target_group,
        reported.reporting_form,
        reported.category,
        reported.fte - {{ exact(
            'sum(' ~ exact('reported.fte * ' ~ weight_of('reported.target_group', 'successors')) ~ ')'
        ) }} as fte,
        count(*) = count({{ weight_of('reported.target_group', 'successors') }}) as is_known
    from reported
    inner join {{ ref('int_unit_successors') }} as successors
        on reported.time_period = successors.time_period
        and successors.target_period = successors.time_period + 1
        and reported.unit_code = successors.unit_code
        and successors.successor_count > 1
        and not successors.is_last
    group by
        reported.time_period,
        reported.unit_code,
        reported.question,
        reported.target_group,
        reported.reporting_form,
        reported.category,
        reported.fte
),

shares as (
    select
        origins.time_period,
        origins.unit_code,
        origins.question,
        origins.target_group,
        origins.source,
        origins.origin_period,
        origins.is_split,
        origins.is_weight_estimated,
        reported.reporting_form,
        reported.fte as fte_before,
        reported.is_rejected,
        reported.is_half_missing,
        reported.is_corrected,
        categories.category,
        {{ weight_of('origins.target_group', 'origins') }} is null as is_weight_missing,
        case
            when origins.takes_rest and rests.is_known then rests.fte
            else {{ exact('reported.fte * ' ~ weight_of('origins.target_group', 'origins')) }}
        end as fte,
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
),

without_place as (
    select distinct
        time_period,
        unit_code,
        question,
        target_group
    from shares
    where category is null and fte_before > 0
),

taken_over as (
    select
        shares.time_period,
        shares.unit_code,
        shares.question,
        shares.target_group,
        shares.reporting_form,
        shares.category,
        shares.source,
        {{ exact('sum(shares.fte)') }} as fte,
        min(shares.origin_period) as origin_period,
        bool_or(shares.is_rejected) as is_rejected,
        bool_or(shares.is_half_missing) as is_half_missing,
        bool_or(shares.is_corrected) as is_corrected,
        bool_or(shares.is_split) as is_estimated,
        bool_or(shares.is_weight_estimated) as is_weight_estimated,
        bool_or(shares.is_from_constructed) as is_from_constructed
    from shares
    left join without_place
        on shares.time_period = without_place.time_period
        and shares.unit_code = without_place.unit_code
        and shares.question = without_place.question
        and shares.target_group = without_place.target_group
    where without_place.unit_code is null and shares.category is not null
    group by
        shares.time_period,
        shares.unit_code,
        shares.question,
        shares.target_group,
        shares.reporting_form,
        shares.category,
        shares.source
    -- A share by an unknown weight is no value.
    having bool_and(not shares.is_weight_missing or shares.is_rejected)
),

nothing_to_confirm as (
    select
        routes.form,
        routes.time_period,
        routes.unit_code,
        routes.question,
        routes.target_group
    from {{ ref('int_fte_routes') }} as routes
    left join taken_over
        on routes.time_period = taken_over.time_period
        and routes.unit_code = taken_over.unit_code
        and routes.question = taken_over.question
        and routes.target_group = taken_over.target_group
    where routes.is_confirmed and routes.question != 'fte_by_pathway' and taken_over.unit_code is null
)

select
    time_period,
    unit_code,
    question,
    target_group,
    reporting_form,
    category,
    fte,
    source = 'carried_forward' as is_carried_forward,
    source = 'confirmed' as is_confirmed,
    origin_period,
    is_rejected,
    is_half_missing,
    is_corrected,
    is_estimated,
    is_weight_estimated,
    is_from_constructed
from taken_over

union all

select
    nothing.time_period,
    nothing.unit_code,
    nothing.question,
    nothing.target_group,
    asked.reporting_form,
    asked.category,
    cast(null as decimal(18, 6)) as fte,
    false as is_carried_forward,
    false as is_confirmed,
    cast(null as integer) as origin_period,
    true as is_rejected,
    false as is_half_missing,
    false as is_corrected,
    false as is_estimated,
    false as is_weight_estimated,
    false as is_from_constructed
from nothing_to_confirm as nothing
inner join {{ ref('int_fte_asked') }} as asked
    on nothing.form = asked.form
    and nothing.question = asked.question
    and nothing.target_group = asked.target_group
