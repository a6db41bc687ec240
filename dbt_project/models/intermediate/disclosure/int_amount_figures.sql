with rounds as (
    select * from {{ ref('int_rounds') }}
),

indicators as (
    select code as indicator
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'amount'
),

asked as (
    select distinct
        form,
        question as indicator
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and unit = 'nok'
),

delivered as (
    select * from {{ ref('int_amount_counts') }}
),

policy as (
    select max(case when parameter = 'minimum_units' then value end) as minimum_units
    from {{ ref('stg_disclosure__limits') }}
),

printed as (
    select * from {{ ref('int_amounts_printed') }}
),

areas as (
    select * from {{ ref('int_areas') }}
    where area_basis = 'reported' and unit_level in ('country', 'size_group')
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where area_basis = 'reported' and target_group = 'total'
),

grid as (
    select
        indicators.indicator,
        rounds.form,
        rounds.is_delivered,
        rounds.collection_year,
        rounds.time_period as form_period,
        rounds.collection_year - 1 as time_period,
        areas.unit_level,
        areas.unit_code,
        areas.unit_name,
        areas.units_municipalities,
        asked.form is not null as is_asked
    from rounds
    cross join indicators
    inner join areas
        on rounds.collection_year = areas.time_period
    left join asked
        on rounds.form = asked.form
        and indicators.indicator = asked.indicator
),

kept as (
    select * from {{ ref('int_kept_figures') }}
    where subject = 'amounts' and area_basis = 'reported' and measure = 'amount'
)

select
    grid.indicator,
    grid.time_period,
    grid.unit_level,
    grid.unit_code,
    grid.unit_name,
    grid.units_municipalities,
    grid.is_delivered,
    grid.is_asked,
    case
        when not (grid.is_delivered and grid.is_asked) then printed.amount_nok
        when decisions.decision = 'kept' then cast(kept.measured as decimal(38, 6))
        else delivered.amount_nok
    end as amount_nok,
    case when grid.is_delivered and grid.is_asked then 0 else printed.amount_error end as amount_error,
    grid.is_delivered and grid.is_asked as is_from_delivery,
    case when decisions.decision = 'kept' then kept.n_answered else delivered.n_answered end as n_answered,
    coalesce(decisions.decision = 'kept', false) as is_kept,
    coalesce(delivered.n_granted > 0 and delivered.n_granted < policy.minimum_units, false) as is_of_few,
    coalesce(delivered.n_left_blank > 0 and delivered.n_left_blank < policy.minimum_units, false) as is_left_blank_by_few,
    coalesce(delivered.is_corrected, false) as is_corrected,
    coalesce(
        decisions.decision = 'hidden' or (decisions.decision is null and delivered.amount_nok is not null), false
    ) as is_confidential,
    cast(populations.population as double) as population,
    lag(grid.time_period) over (
        partition by grid.indicator, grid.unit_level, grid.unit_code
        order by grid.time_period
    ) as previous_period
from grid
cross join policy
left join delivered
    on grid.form = delivered.form
    and grid.indicator = delivered.indicator
    and grid.unit_level = delivered.unit_level
    and grid.unit_code = delivered.unit_code
left join {{ ref('int_disclosure_decisions') }} as decisions
    on decisions.subject = 'amounts'
    and decisions.area_basis = 'reported'
    and grid.indicator = decisions.indicator
    and grid.form_period = decisions.time_period
    and grid.unit_level = decisions.unit_level
    and grid.unit_code = decisions.unit_code
left join kept
    on grid.indicator = kept.indicator
    and grid.form_period = kept.time_period
    and grid.unit_level = kept.unit_level
    and grid.unit_code = kept.unit_code
left join printed
    on grid.indicator = printed.indicator
    and grid.time_period = printed.time_period
    and grid.unit_level = printed.unit_level
    and grid.unit_code = printed.unit_code
left join populations
    on grid.collection_year = populations.time_period
    and grid.unit_level = populations.unit_level
    and grid.unit_code = populations.unit_code
