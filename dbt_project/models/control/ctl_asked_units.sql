with responses as (
    select * from {{ ref('int_unit_responses') }}
),

submissions as (
    select * from {{ ref('int_row_submissions') }}
    where ignored_reason is null
),

present as (
    select
        form,
        unit_code,
        bool_and(submission_status = 'not_answered') as is_only_said_not_to_have_answered
    from submissions
    where unit_code is not null
    group by form, unit_code
)

select
    responses.form,
    responses.survey,
    responses.time_period,
    responses.non_response,
    count(*) as unit_count,
    sum(case when present.unit_code is null then 1 else 0 end) as missing_count,
    sum(case when present.is_only_said_not_to_have_answered then 1 else 0 end) as said_count
from responses
left join present
    on responses.form = present.form
    and responses.unit_code = present.unit_code
group by responses.form, responses.survey, responses.time_period, responses.non_response
