with recursive municipalities as (
    select distinct
        time_period,
        municipality_code
    from {{ ref('stg_reference__population') }}
),

targets as (
    select
        municipalities.time_period,
        municipalities.municipality_code,
        newest.newest_period as target_period
    from municipalities
    inner join {{ ref('int_newest_period') }} as newest
        on municipalities.time_period <= newest.newest_period

    union

    select
        time_period,
        municipality_code,
        time_period + 1 as target_period
    from municipalities
),

changes as (
    select * from {{ ref('int_municipality_change_weights') }}
),

steps as (
    select
        time_period,
        target_period,
        municipality_code,
        municipality_code as current_code,
        time_period as changed_in,
        cast(null as string) as former_code,
        cast(null as integer) as returns_in,
        {{ exact('1') }} as weight_children,
        {{ exact('1') }} as weight_adults,
        false as is_weight_estimated
    from targets

    union all

    select
        steps.time_period,
        steps.target_period,
        steps.municipality_code,
        changes.new_code as current_code,
        changes.change_year as changed_in,
        case when changes.returns_in is null then steps.former_code else changes.old_code end as former_code,
        coalesce(changes.returns_in, steps.returns_in) as returns_in,
        {{ exact('steps.weight_children * changes.weight_children') }} as weight_children,
        {{ exact('steps.weight_adults * changes.weight_adults') }} as weight_adults,
        steps.is_weight_estimated or changes.is_weight_estimated as is_weight_estimated
    from steps
    inner join changes
        on steps.time_period = changes.time_period
        and steps.current_code = changes.old_code
        and steps.changed_in < changes.change_year
        and steps.target_period >= changes.change_year
        and (changes.previous_change_year is null or steps.changed_in >= changes.previous_change_year)
        -- A former municipality that became a part of a split again goes to no other part.
        and coalesce(changes.returns_from, '')
        = case when steps.returns_in = changes.change_year then steps.former_code else '' end
),

ends as (
    select steps.*
    from steps
    left join changes
        on steps.time_period = changes.time_period
        and steps.current_code = changes.old_code
        and steps.changed_in < changes.change_year
        and steps.target_period >= changes.change_year
    where changes.old_code is null
)

select
    time_period,
    target_period,
    municipality_code,
    current_code as successor_code,
    -- One unknown weight makes the sum unknown.
    case when count(*) = count(weight_children) then {{ exact('sum(weight_children)') }} end as weight_children,
    case when count(*) = count(weight_adults) then {{ exact('sum(weight_adults)') }} end as weight_adults,
    bool_or(is_weight_estimated) as is_weight_estimated
from ends
group by time_period, target_period, municipality_code, current_code
