with all_fte as (
    select
        time_period,
        grouping(reporting_form) as is_total,
        coalesce(target_group, 'total') as target_group,
        coalesce(reporting_form, 'total') as reporting_form,
        {{ exact('sum(fte)') }} as fte,
        bool_or(is_carried_forward) as is_carried_forward,
        min(carried_from) as carried_from,
        bool_or(is_confirmed) as is_confirmed,
        bool_or(is_from_constructed) as is_from_constructed,
        bool_or(is_rejected) as is_rejected,
        bool_or(is_half_missing) as is_half_missing,
        bool_or(is_corrected) as is_corrected
    from {{ ref('int_fte_cells') }}
    where question = 'fte_by_service'
    group by
        grouping sets (
            (time_period, target_group, reporting_form),
            (time_period, target_group),
            (time_period, reporting_form),
            (time_period)
        )
)

select
    time_period,
    target_group,
    reporting_form,
    fte,
    is_carried_forward,
    carried_from,
    is_confirmed,
    is_from_constructed,
    is_rejected,
    is_half_missing,
    is_corrected
from all_fte
-- FTE that a form does not divide by reporting form are in the total only.
where is_total = 1 or reporting_form != 'total'
