with changed as (
    select * from {{ ref('int_practice_changes') }}
),

unit_totals as (
    select * from {{ ref('int_fte__unit') }}
    where question = 'fte_by_service' and category = 'total'
),

later as (
    select
        changed.time_period as time_period_to,
        unit_totals.target_group,
        {{ exact('sum(unit_totals.fte)') }} as fte
    from changed
    inner join unit_totals
        on changed.time_period = unit_totals.time_period
        and changed.unit_code = unit_totals.unit_code
    group by changed.time_period, unit_totals.target_group
),

ground as (
    -- The FTE of a unit's predecessors in the year before, by weight.
    select
        changed.time_period as time_period_to,
        unit_totals.target_group,
        unit_totals.fte * {{ weight_of('unit_totals.target_group', 'successors') }} as fte,
        successors.weight_adults is null as is_weight_missing
    from changed
    inner join {{ ref('int_unit_successors') }} as successors
        on changed.time_period = successors.target_period
        and changed.time_period = successors.time_period + 1
        and changed.unit_code = successors.successor_code
    inner join unit_totals
        on successors.time_period = unit_totals.time_period
        and successors.unit_code = unit_totals.unit_code
    where unit_totals.target_group != 'total'
),

earlier as (
    select
        time_period_to,
        coalesce(target_group, 'total') as target_group,
        {{ exact('sum(fte)') }} as fte,
        bool_or(is_weight_missing) as is_weight_missing
    from ground
    group by grouping sets ((time_period_to, target_group), (time_period_to))
)

select
    coalesce(earlier.time_period_to, later.time_period_to) as time_period_to,
    coalesce(earlier.target_group, later.target_group) as target_group,
    earlier.fte as fte_from,
    later.fte as fte_to,
    coalesce(earlier.is_weight_missing, false) as is_weight_missing
from earlier
full outer join later
    on earlier.time_period_to = later.time_period_to
    and earlier.target_group = later.target_group
