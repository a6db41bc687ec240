with responses as (
    select * from {{ ref('int_unit_responses') }}
    where series is not null
),

units as (
    select * from {{ ref('int_units') }}
),

groups as (
    select code as target_group
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'target_group' and code != 'total'
),

reported as (
    select * from {{ ref('int_fte__unit') }}
    where question = 'fte_by_service' and category = 'total' and target_group != 'total' and not is_carried_forward
),

earlier as (
    select
        predecessors.time_period,
        predecessors.unit_code,
        predecessors.earlier_period,
        groups.target_group,
        {{ exact('sum(reported.fte * ' ~ weight_of('groups.target_group', 'predecessors') ~ ')') }} as fte,
        bool_and(
            reported.fte is not null
            and not reported.is_half_missing
            and {{ weight_of('groups.target_group', 'predecessors') }} is not null
        ) as is_complete
    from {{ ref('int_unit_predecessors') }} as predecessors
    cross join groups
    left join reported
        on predecessors.earlier_period = reported.time_period
        and predecessors.predecessor_code = reported.unit_code
        and groups.target_group = reported.target_group
    group by predecessors.time_period, predecessors.unit_code, predecessors.earlier_period, groups.target_group
),

latest as (
    select
        *,
        row_number() over (partition by time_period, unit_code, target_group order by earlier_period desc) as choice
    from earlier
    where is_complete
)

select
    responses.series,
    responses.time_period,
    responses.unit_code,
    groups.target_group,
    responses.has_answered,
    case
        when units.unit_level = 'city_district' then 'oslo_districts'
        when units.unit_level = 'municipality' then units.size_group
    end as size_group,
    case groups.target_group when 'children' then units.population_under_18 else units.population_18_plus end as population,
    reported.fte,
    coalesce(reported.is_half_missing, false) as is_half_missing,
    latest.earlier_period as previous_period,
    latest.fte as fte_before,
    latest.earlier_period is not null
    and not exists (
        select 1
        from {{ ref('stg_classifications__series_breaks') }} as breaks
        where
            breaks.indicator = 'fte_by_service'
            and not breaks.comparable_before
            and breaks.time_period > latest.earlier_period
            and breaks.time_period <= responses.time_period
    ) as is_comparable
from responses
inner join units
    on responses.time_period = units.time_period
    and responses.unit_code = units.unit_code
cross join groups
left join reported
    on responses.time_period = reported.time_period
    and responses.unit_code = reported.unit_code
    and groups.target_group = reported.target_group
left join latest
    on responses.time_period = latest.time_period
    and responses.unit_code = latest.unit_code
    and groups.target_group = latest.target_group
    and latest.choice = 1
