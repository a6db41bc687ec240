with rounds as (
    select * from {{ ref('int_rounds') }}
    where is_delivered
),

confirmed as (
    select distinct
        time_period,
        unit_code,
        question
    from {{ ref('int_fte_routes') }}
    where is_confirmed and question != 'fte_by_pathway'
),

taken_over as (
    select distinct
        time_period,
        unit_code,
        question
    from {{ ref('int_fte_taken_over') }}
    where is_confirmed
),

carried as (
    select * from {{ ref('int_fte__unit') }}
    where question = 'fte_by_service' and target_group = 'total' and category = 'total' and carried_from is not null
)

select
    rounds.series as survey,
    left_blank.time_period,
    left_blank.unit_code,
    'fte_left_blank' as finding,
    left_blank.question,
    left_blank.fte_elsewhere as value_compared,
    left_blank.previous_period,
    left_blank.fte_before as value_before,
    {{ exact('coalesce(nullif(left_blank.fte_before, 0), left_blank.fte_elsewhere)') }} as effect
from {{ ref('int_fte_left_blank') }} as left_blank
inner join rounds
    on left_blank.form = rounds.form

union all

select
    rounds.series as survey,
    confirmed.time_period,
    confirmed.unit_code,
    'nothing_to_confirm' as finding,
    confirmed.question,
    cast(null as decimal(18, 6)) as value_compared,
    cast(null as integer) as previous_period,
    cast(null as decimal(18, 6)) as value_before,
    {{ exact('0') }} as effect
from confirmed
inner join rounds
    on confirmed.time_period = rounds.time_period
left join taken_over
    on confirmed.time_period = taken_over.time_period
    and confirmed.unit_code = taken_over.unit_code
    and confirmed.question = taken_over.question
where taken_over.unit_code is null

union all

select
    rounds.series as survey,
    carried.time_period,
    carried.unit_code,
    'carried_again' as finding,
    carried.question,
    cast(null as decimal(18, 6)) as value_compared,
    carried.carried_from as previous_period,
    carried.fte as value_before,
    {{ exact('coalesce(carried.fte, 0)') }} as effect
from carried
inner join rounds
    on carried.time_period = rounds.time_period
