with units as (
    select * from {{ ref('int_units') }}
),

successors as (
    select * from {{ ref('int_unit_successors') }}
    where target_period = (select newest.newest_period from {{ ref('int_newest_period') }} as newest)
),

districts as (
    select * from {{ ref('stg_reference__oslo_districts') }}
),

agencies as (
    select * from {{ ref('stg_classifications__agencies') }}
),

known as (
    -- The population of a district is also known for years in which the municipality answered as one; an agency has none.
    select
        time_period,
        district_code as piece_code,
        population_under_18,
        population_18_plus
    from districts

    union all

    select distinct
        districts.time_period,
        agencies.agency_code as piece_code,
        0 as population_under_18,
        0 as population_18_plus
    from agencies
    inner join districts
        on agencies.municipality_code = substr(districts.district_code, 1, 4)
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
        case
            when successors.weight_children is null then {{ exact('known.population_under_18') }}
            else {{ exact('units.population_under_18 * successors.weight_children') }}
        end as share_under_18,
        case
            when successors.weight_adults is null then {{ exact('known.population_18_plus') }}
            else {{ exact('units.population_18_plus * successors.weight_adults') }}
        end as share_adults
    from successors
    inner join units
        on successors.time_period = units.time_period
        and successors.unit_code = units.unit_code
    left join known
        on successors.time_period = known.time_period
        and successors.successor_code = known.piece_code
),

rests as (
    select
        *,
        unit_under_18 - coalesce(sum(case when not is_last then share_under_18 end) over unit, 0) as rest_under_18,
        unit_adults - coalesce(sum(case when not is_last then share_adults end) over unit, 0) as rest_adults,
        -- If another piece is unknown, the last one has its own share, not the whole rest.
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
