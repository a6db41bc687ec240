with units as (
    select * from {{ ref('int_units') }}
),

successors as (
    select * from {{ ref('int_unit_successors') }}
    where target_period = (select newest.newest_period from {{ ref('int_newest_period') }} as newest)
),

shares as (
    select
        successors.time_period,
        successors.unit_code,
        successors.successor_code as piece_code,
        successors.successor_count as piece_count,
        successors.weight_children,
        successors.weight_adults,
        successors.is_weight_estimated,
        successors.is_last,
        {{ exact('units.population_under_18') }} as unit_under_18,
        {{ exact('units.population_18_plus') }} as unit_adults,
        {{ exact('units.population_under_18 * successors.weight_children') }} as share_under_18,
        {{ exact('units.population_18_plus * successors.weight_adults') }} as share_adults
    from successors
    inner join units
        on successors.time_period = units.time_period
        and successors.unit_code = units.unit_code
),

rests as (
    select
        *,
        unit_under_18 - coalesce(sum(case when not is_last then share_under_18 end) over unit, 0) as rest_under_18,
        unit_adults - coalesce(sum(case when not is_last then share_adults end) over unit, 0) as rest_adults,
        -- Beside an unknown piece the last one has its share, not all the rest.
        is_last and bool_and(share_under_18 is not null and share_adults is not null) over unit as takes_rest
    from shares
    window unit as (partition by time_period, unit_code)
)

select
    time_period,
    unit_code,
    piece_code,
    piece_count,
    weight_children,
    weight_adults,
    is_weight_estimated,
    is_last,
    case when takes_rest then {{ exact('rest_under_18') }} else share_under_18 end as population_under_18,
    case when takes_rest then {{ exact('rest_adults') }} else share_adults end as population_18_plus
from rests
