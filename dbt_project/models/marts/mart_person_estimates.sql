with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
    where units != 'anonymous'
),

person_indicators as (
    select indicator
    from {{ ref('stg_indicators__indicators') }}
    where scale = 'persons'
),

counts as (
    select
        shares.indicator,
        rounds.collection_year - 1 as time_period,
        shares.answer as category,
        shares.n_answer as n_units,
        shares.absence_reason,
        shares.obs_note
    from rounds
    inner join person_indicators
        on rounds.indicator = person_indicators.indicator
    inner join {{ ref('mart_indicator_shares') }} as shares
        on rounds.indicator = shares.indicator
        and rounds.item = shares.item
        and rounds.time_period = shares.time_period
        and rounds.unit_set = shares.unit_set
    where rounds.item = 'all' and shares.area_basis = 'reported' and shares.unit_level = 'country'
),

estimates as (
    select
        counts.indicator,
        counts.time_period,
        counts.category,
        counts.absence_reason,
        counts.obs_note,
        counts.n_units,
        weights.weight_main as weight,
        counts.n_units * weights.weight_main as persons_main,
        counts.n_units * weights.weight_alternative as persons_alternative
    from counts
    inner join {{ ref('stg_indicators__person_weights') }} as weights
        on counts.category = weights.answer
),

totals as (
    select
        indicator,
        time_period,
        -- A sum without some of the categories is not a total.
        max(absence_reason) as absence_reason,
        max(obs_note) as obs_note,
        sum(n_units) as n_units,
        sum(persons_main) as persons_main,
        sum(persons_alternative) as persons_alternative
    from estimates
    group by indicator, time_period
)

select
    indicator,
    time_period,
    category,
    n_units,
    weight,
    persons_main,
    persons_alternative,
    case
        when absence_reason is not null then {{ absence_status('estimates.absence_reason') }}
        -- The size of an open category is unknown: the two assumptions differ.
        when persons_main != persons_alternative then 'U'
        else 'E'
    end as obs_status,
    absence_reason,
    obs_note
from estimates

union all

select
    indicator,
    time_period,
    'total' as category,
    case when absence_reason is null then n_units end as n_units,
    cast(null as decimal(18, 6)) as weight,
    case when absence_reason is null then persons_main end as persons_main,
    case when absence_reason is null then persons_alternative end as persons_alternative,
    case
        when absence_reason is not null then {{ absence_status('totals.absence_reason') }}
        when persons_main != persons_alternative then 'U'
        else 'E'
    end as obs_status,
    absence_reason,
    case when absence_reason is null then obs_note end as obs_note
from totals
