with asked as (
    select distinct
        rounds.series,
        asked.time_period,
        asked.question,
        asked.target_group,
        asked.category
    from {{ ref('int_fte_asked') }} as asked
    inner join {{ ref('int_rounds') }} as rounds
        on asked.form = rounds.form
),

rounds as (
    select distinct
        series,
        time_period,
        question,
        target_group
    from asked
),

crosswalk as (
    select * from {{ ref('stg_classifications__category_crosswalk') }}
    where verdict != 'not_comparable'
)

select
    earlier.series,
    earlier.question,
    earlier.target_group,
    earlier.time_period as earlier_period,
    earlier.category as earlier_category,
    rounds.time_period,
    coalesce(max(same.category), max(taken_in.category)) as category
from asked as earlier
inner join rounds
    on earlier.series = rounds.series
    and earlier.question = rounds.question
    and earlier.target_group = rounds.target_group
    and earlier.time_period < rounds.time_period
left join asked as same
    on rounds.series = same.series
    and rounds.time_period = same.time_period
    and rounds.question = same.question
    and rounds.target_group = same.target_group
    and earlier.category = same.category
left join crosswalk
    on earlier.question = crosswalk.question
    and earlier.time_period <= crosswalk.time_period_from
    and rounds.time_period >= crosswalk.time_period_to
    and contains(concat('+', crosswalk.category_from, '+'), concat('+', earlier.category, '+'))
left join asked as taken_in
    on rounds.series = taken_in.series
    and rounds.time_period = taken_in.time_period
    and rounds.question = taken_in.question
    and rounds.target_group = taken_in.target_group
    and crosswalk.category_to = taken_in.category
group by
    earlier.series,
    earlier.question,
    earlier.target_group,
    earlier.time_period,
    earlier.category,
    rounds.time_period
