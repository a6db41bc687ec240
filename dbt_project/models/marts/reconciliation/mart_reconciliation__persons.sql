with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where measure in ('persons_estimate', 'assumed_persons_per_municipality', 'users_with_ips_or_se')
),

estimates as (
    select * from {{ ref('mart_person_estimates') }}
),

open_category as (
    -- The printed assumption about the open category distinguishes the main from the alternative estimate.
    select max(weight_main) as weight_main
    from {{ ref('stg_indicators__person_weights') }}
),

parameters as (
    select max(case when parameter = 'minimum_units' then value end) as min_units
    from {{ ref('stg_disclosure__limits') }}
),

members as (
    select * from {{ ref('int_area_members') }}
    where area_basis = 'reported' and unit_level in ('country', 'size_group')
),

users as (
    select
        answers.time_period,
        answers.question,
        answers.item,
        members.unit_level,
        members.unit_code,
        sum(answers.number_value) as persons,
        count(distinct answers.unit_code) as n_answered
    from {{ ref('int_counted_answers') }} as answers
    inner join members
        on answers.time_period = members.time_period
        and answers.unit_code = members.member_code
    where answers.measure_unit = 'persons'
    group by answers.time_period, answers.question, answers.item, members.unit_level, members.unit_code
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    cast(
        case
            when printed.measure = 'assumed_persons_per_municipality' then estimates.weight
            when cast(printed.dimension['top_category_assumption'] as integer) = open_category.weight_main
                then estimates.persons_main
            else estimates.persons_alternative
        end as double
    ) as computed,
    cast(0 as double) as computed_error,
    'delivered_answers' as method,
    false as is_confidential
from printed
cross join open_category
inner join estimates
    on printed.dimension['question'] = estimates.indicator
    and printed.time_period = estimates.time_period
    and printed.dimension['person_category'] = estimates.category
where printed.measure != 'users_with_ips_or_se'

union all

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    cast(users.persons as double) as computed,
    cast(0 as double) as computed_error,
    'delivered_answers' as method,
    -- If one area of a breakdown is confidential, the others and the country would reveal it, so all areas are confidential.
    users.n_answered < parameters.min_units
    or (
        users.unit_level != 'country'
        and min(users.n_answered) over (
            partition by printed.source_id, printed.measure, users.item, users.time_period, users.unit_level
        ) < parameters.min_units
    ) as is_confidential
from printed
cross join parameters
inner join users
    on printed.measure = users.question
    and printed.dimension['service_area'] = users.item
    and printed.time_period = users.time_period
    and printed.unit_level = users.unit_level
    and printed.unit_code = users.unit_code
