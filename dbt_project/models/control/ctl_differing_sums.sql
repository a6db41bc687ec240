with totals as (
    select * from {{ ref('int_fte__unit') }}
    where category = 'total' and target_group != 'total' and not is_carried_forward
),

units as (
    select * from {{ ref('ctl_units') }}
),

compared as (
    select
        units.series,
        units.time_period,
        units.unit_code,
        units.target_group,
        units.population,
        others.question,
        services.fte as service_fte,
        others.fte as other_fte,
        abs(services.fte - others.fte) as difference,
        case others.question
            when 'fte_by_pathway' then {{ limit_of('pathway_margin_fte') }}
            else {{ limit_of('control_education_margin_fte') }}
        end as margin
    from totals as services
    inner join totals as others
        on services.time_period = others.time_period
        and services.unit_code = others.unit_code
        and services.target_group = others.target_group
        and others.question in ('fte_by_education', 'fte_by_pathway')
        -- A half that is missing from only one of the two breakdowns is a finding of ctl_reporting_form.
        and services.is_half_missing = others.is_half_missing
    inner join units
        on services.time_period = units.time_period
        and services.unit_code = units.unit_code
        and services.target_group = units.target_group
    where services.question = 'fte_by_service'
),

ranked as (
    select
        *,
        percent_rank() over (
            partition by time_period, question
            order by difference / nullif(greatest(service_fte, other_fte), 0) desc nulls last
        ) as place
    from compared
)

select
    *,
    difference > {{ limit_of('control_sums_margin_share') }} * greatest(service_fte, other_fte)
    and place <= {{ limit_of('control_sums_asked_share') }} as is_asked
from ranked
where difference > margin
