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
    select
        change_year,
        old_code,
        new_code,
        change_type = 'split' as is_split,
        weight,
        weight_under_18,
        weight_18_plus,
        -- Estimates of a split need not add up to one.
        cast(weight_residual_estimate as double)
        / sum(weight_residual_estimate) over (partition by change_year, old_code) as weight_estimate,
        -- A municipality stays what it is until its next change.
        max(change_year) over (
            partition by old_code
            order by change_year
            range between unbounded preceding and 1 preceding
        ) as previous_change_year
    from {{ ref('stg_reference__municipality_changes') }}
    -- A change of name keeps the municipality.
    where old_code != new_code or change_type = 'split'
),

weighted_changes as (
    select
        change_year,
        previous_change_year,
        old_code,
        new_code,
        case when is_split then {{ exact('coalesce(weight_under_18, weight, weight_estimate)') }} else 1 end
            as weight_children,
        case when is_split then {{ exact('coalesce(weight_18_plus, weight, weight_estimate)') }} else 1 end as weight_adults,
        is_split
        and weight_estimate is not null
        and (coalesce(weight_under_18, weight) is null or coalesce(weight_18_plus, weight) is null) as is_weight_estimated
    from changes
),

steps as (
    select
        time_period,
        target_period,
        municipality_code,
        municipality_code as current_code,
        time_period as changed_in,
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
        {{ exact('steps.weight_children * changes.weight_children') }} as weight_children,
        {{ exact('steps.weight_adults * changes.weight_adults') }} as weight_adults,
        steps.is_weight_estimated or changes.is_weight_estimated as is_weight_estimated
    from steps
    inner join weighted_changes as changes
        on steps.current_code = changes.old_code
        and steps.changed_in < changes.change_year
        and steps.target_period >= changes.change_year
        and (changes.previous_change_year is null or steps.changed_in >= changes.previous_change_year)
),

ends as (
    select steps.*
    from steps
    left join weighted_changes as changes
        on steps.current_code = changes.old_code
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
