with changes as (
    select
        change_year,
        old_code,
        new_code,
        former_code,
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

comebacks as (
    -- A part of a split that was once a separate municipality, and the year in which it ceased to be one.
    select
        parts.change_year as returned_in,
        parts.new_code,
        parts.former_code,
        max(earlier.change_year) as ceased_in
    from changes as parts
    inner join changes as earlier
        on parts.former_code = earlier.old_code
        and parts.change_year > earlier.change_year
    group by parts.change_year, parts.new_code, parts.former_code
),

periods as (
    select distinct time_period
    from {{ ref('stg_reference__population') }}
),

weights as (
    select
        periods.time_period,
        changes.change_year,
        changes.previous_change_year,
        changes.old_code,
        changes.new_code,
        changes.is_split,
        comebacks.former_code as returns_from,
        case when changes.is_split then coalesce(changes.weight_under_18, changes.weight, changes.weight_estimate) else 1 end
            as weight_children,
        case when changes.is_split then coalesce(changes.weight_18_plus, changes.weight, changes.weight_estimate) else 1 end
            as weight_adults,
        changes.is_split
        and changes.weight_estimate is not null
        and (
            coalesce(changes.weight_under_18, changes.weight) is null
            or coalesce(changes.weight_18_plus, changes.weight) is null
        ) as is_weight_estimated
    from periods
    inner join changes
        on periods.time_period < changes.change_year
    left join comebacks
        on changes.change_year = comebacks.returned_in
        and changes.new_code = comebacks.new_code
        and periods.time_period < comebacks.ceased_in
),

rests as (
    select
        *,
        sum(case when returns_from is null then 1 else 0 end) over split as rest_count,
        sum(case when returns_from is null then weight_children end) over split as rest_children,
        sum(case when returns_from is null then weight_adults end) over split as rest_adults,
        bool_or(returns_from is not null) over split as has_return
    from weights
    window split as (partition by time_period, change_year, old_code)
),

shares as (
    select
        *,
        -- The former municipality goes to the part that it became again, and the rest to the other part if there is only
        -- one.
        has_return and (returns_from is not null or rest_count = 1) as is_whole
    from rests
)

select
    shares.time_period,
    shares.change_year,
    shares.previous_change_year,
    shares.old_code,
    shares.new_code,
    shares.returns_from,
    comebacks.returned_in as returns_in,
    case
        when shares.is_whole then {{ exact('1') }}
        when shares.has_return then {{ exact('shares.weight_children / shares.rest_children') }}
        else {{ exact('shares.weight_children') }}
    end as weight_children,
    case
        when shares.is_whole then {{ exact('1') }}
        when shares.has_return then {{ exact('shares.weight_adults / shares.rest_adults') }}
        else {{ exact('shares.weight_adults') }}
    end as weight_adults,
    shares.is_weight_estimated and not shares.is_whole as is_weight_estimated
from shares
left join comebacks
    on shares.old_code = comebacks.former_code
    and shares.change_year = comebacks.ceased_in
