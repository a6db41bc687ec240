with shares as (
    select
        *,
        bool_or(is_without_place) over (partition by time_period, unit_code, question, target_group) as is_any_without_place
    from {{ ref('int_fte_shares') }}
),

taken_over as (
    select
        time_period,
        unit_code,
        question,
        target_group,
        reporting_form,
        category,
        source,
        {{ exact('sum(fte)') }} as fte,
        min(origin_period) as origin_period,
        bool_or(is_rejected) as is_rejected,
        bool_or(is_half_missing) as is_half_missing,
        bool_or(is_corrected) as is_corrected,
        bool_or(is_split) as is_estimated,
        bool_or(is_weight_estimated) as is_weight_estimated,
        bool_or(is_from_constructed) as is_from_constructed
    from shares
    where category is not null and not is_any_without_place
    group by time_period, unit_code, question, target_group, reporting_form, category, source
    -- A share with an unknown weight has no value.
    having bool_and(not is_weight_missing or is_rejected)
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
