-- Persons by category of a question that asks for persons in categories: units times the persons that a category stands
-- for. The open category makes it an interval; units that did not answer count as 0, so the sum is a minimum.
with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
    where units != 'anonymous'
),

person_indicators as (
    select indicator
    from {{ ref('stg_indicators__indicators') }}
    where scale = 'persons'
),

parameters as (
    select max(case when parameter = 'min_units_published' then value end) as min_units
    from {{ ref('stg_classifications__parameters') }}
),

counts as (
    select
        rounds.indicator,
        rounds.collection_year - 1 as time_period,
        answered.answer as category,
        answered.n_answered,
        answered.n_answer as n_units
    from rounds
    inner join person_indicators
        on rounds.indicator = person_indicators.indicator
    inner join {{ ref('int_indicator_counts') }} as answered
        on rounds.form = answered.form
        and rounds.indicator = answered.indicator
        and rounds.item = answered.item
        and rounds.unit_set = answered.unit_set
    where rounds.item = 'all' and answered.area_basis = 'reported' and answered.unit_level = 'country'
),

estimates as (
    select
        counts.indicator,
        counts.time_period,
        counts.category,
        counts.n_answered,
        counts.n_units,
        weights.weight_main as weight,
        counts.n_units * weights.weight_main as persons_main,
        counts.n_units * weights.weight_alternative as persons_alternative
    from counts
    inner join {{ ref('stg_indicators__person_weights') }} as weights
        on counts.category = weights.answer
),

figures as (
    select * from estimates
    union all
    select
        indicator,
        time_period,
        'total' as category,
        max(n_answered) as n_answered,
        sum(n_units) as n_units,
        cast(null as decimal(18, 6)) as weight,
        sum(persons_main) as persons_main,
        sum(persons_alternative) as persons_alternative
    from estimates
    group by indicator, time_period
)

select
    figures.indicator,
    figures.time_period,
    figures.category,
    case when figures.n_answered >= parameters.min_units then figures.n_units end as n_units,
    figures.weight,
    case when figures.n_answered >= parameters.min_units then figures.persons_main end as persons_main,
    case when figures.n_answered >= parameters.min_units then figures.persons_alternative end as persons_alternative,
    case when figures.n_answered >= parameters.min_units then 'A' else {{ absence_status("'confidential'") }} end
        as obs_status,
    case when figures.n_answered < parameters.min_units then 'confidential' end as absence_reason,
    cast(null as string) as obs_note
from figures
cross join parameters
