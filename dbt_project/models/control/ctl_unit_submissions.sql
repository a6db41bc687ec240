with responses as (
    select * from {{ ref('int_unit_responses') }}
),

submissions as (
    select
        form,
        unit_code,
        min(case when verdict in ('counts', 'superseded') then submitted_at end) as first_completed_at,
        max(case when verdict = 'counts' then submitted_at end) as counted_at,
        max(case when rejected_reason = 'several_submissions_undated' then 1 else 0 end) as is_contested,
        max(case when verdict = 'not_completed' then 1 else 0 end) as is_begun
    from {{ ref('int_submissions') }}
    where unit_code is not null
    group by form, unit_code
)

select
    responses.form,
    responses.series,
    responses.survey,
    responses.time_period,
    responses.unit_code,
    case
        when responses.has_answered then 'completed'
        when submissions.is_contested = 1 then 'contested'
        when submissions.is_begun = 1 then 'begun'
        else 'none'
    end as submission_state,
    submissions.first_completed_at,
    submissions.counted_at
from responses
left join submissions
    on responses.form = submissions.form
    and responses.unit_code = submissions.unit_code
