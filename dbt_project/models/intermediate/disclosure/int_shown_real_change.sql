with pairs as (
    select * from {{ ref('int_fte_year_pairs') }}
),

units_left_out as (
    select
        form,
        count(*) as unit_count
    from {{ ref('int_practice_changes') }}
    group by form
),

answered as (
    select
        form,
        count(*) as unit_count
    from {{ ref('int_unit_responses') }}
    where has_answered
    group by form
),

unweighted as (
    -- A predecessor without a weight has few successors: an unknown real change would reveal that one of them changed.
    select distinct time_period_to
    from {{ ref('int_fte_left_out') }}
    where is_weight_missing
),

policy as (
    select max(case when parameter = 'units_by_practice' then value end) as least
    from {{ ref('stg_disclosure__limits') }}
)

select
    pairs.time_period_to,
    units_left_out.unit_count as units_excluded,
    pairs.is_delivered
    and units_left_out.unit_count >= policy.least
    -- Non-responding units are known and reported no change of practice, so they do not protect the others.
    and answered.unit_count - units_left_out.unit_count >= policy.least
    and unweighted.time_period_to is null as is_shown
from pairs
cross join policy
inner join units_left_out
    on pairs.form = units_left_out.form
inner join answered
    on pairs.form = answered.form
left join unweighted
    on pairs.time_period_to = unweighted.time_period_to
