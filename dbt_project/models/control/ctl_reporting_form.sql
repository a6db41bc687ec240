with routes as (
    select
        routes.*,
        row_number() over (
            partition by routes.form, routes.unit_code, routes.target_group, routes.is_half_missing
            order by codes.sort_order
        ) as half_choice,
        row_number() over (
            partition by routes.form, routes.unit_code, routes.target_group, routes.is_filled_twice
            order by codes.sort_order
        ) as twice_choice,
        row_number() over (
            partition by routes.form, routes.unit_code, routes.target_group, routes.is_choice_contradicted
            order by codes.sort_order
        ) as contradicted_choice
    from {{ ref('int_fte_routes') }} as routes
    inner join {{ ref('stg_classifications__codelists') }} as codes
        on codes.codelist = 'fte_breakdown'
        and routes.question = codes.code
),

units as (
    select * from {{ ref('ctl_units') }}
),

blocks as (
    select
        time_period,
        unit_code,
        question,
        target_group,
        {{ exact("sum(case when reporting_form = 'joint' then number_value end)") }} as joint_fte,
        {{ exact("sum(case when reporting_form != 'joint' then number_value end)") }} as separate_fte
    from {{ ref('int_counted_answers') }}
    where question in {{ fte_questions() }}
    group by time_period, unit_code, question, target_group
),

findings as (
    select
        routes.time_period,
        routes.unit_code,
        'half_missing' as finding,
        routes.question,
        routes.target_group,
        case when routes.mental_health_filled then 'substance_use' else 'mental_health' end as reporting_form,
        cast(null as string) as detail
    from routes
    where routes.is_half_missing and routes.half_choice = 1

    union all

    select
        time_period,
        unit_code,
        'filled_twice' as finding,
        question,
        target_group,
        cast(null as string) as reporting_form,
        route as detail
    from routes
    where is_filled_twice and twice_choice = 1

    union all

    select
        time_period,
        unit_code,
        'choice_contradicted' as finding,
        question,
        target_group,
        cast(null as string) as reporting_form,
        stated_choice as detail
    from routes
    where is_choice_contradicted and contradicted_choice = 1
),

valued as (
    select
        findings.*,
        units.series,
        units.population,
        case when units.is_comparable then units.previous_period end as previous_period,
        case when units.is_comparable then units.fte_before end as fte_before,
        case when findings.question = 'fte_by_service' then units.fte end as fte,
        case findings.detail when 'joint' then blocks.joint_fte else blocks.separate_fte end as counted_fte,
        case findings.detail when 'joint' then blocks.separate_fte else blocks.joint_fte end as other_fte
    from findings
    inner join units
        on findings.time_period = units.time_period
        and findings.unit_code = units.unit_code
        and findings.target_group = units.target_group
    left join blocks
        on findings.time_period = blocks.time_period
        and findings.unit_code = blocks.unit_code
        and findings.question = blocks.question
        and findings.target_group = blocks.target_group
)

select
    series as survey,
    time_period,
    unit_code,
    finding,
    question,
    target_group,
    reporting_form,
    case when finding = 'filled_twice' then counted_fte else fte end as value,
    case when finding = 'filled_twice' then other_fte end as value_compared,
    previous_period,
    fte_before as value_before,
    population,
    -- A missing half lacks at least the decrease since the year before; of a block filled twice, the other form's FTE are
    -- left out; a contradicted choice changes no figure.
    case finding
        when 'half_missing' then {{ exact('greatest(coalesce(fte_before - fte, 0), 0)') }}
        when 'filled_twice' then {{ exact('coalesce(other_fte, 0)') }}
        else {{ exact('0') }}
    end as effect,
    detail
from valued
