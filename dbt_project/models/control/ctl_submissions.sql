with silent as (
    select
        series,
        time_period,
        unit_code,
        max(case when is_comparable then previous_period end) as previous_period,
        {{ exact('sum(case when is_comparable then fte_before end)') }} as fte_before
    from {{ ref('ctl_units') }}
    where not has_answered
    group by series, time_period, unit_code
),

contested as (
    select
        survey,
        time_period,
        unit_code,
        count(*) as submission_count
    from {{ ref('int_submissions') }}
    where rejected_reason = 'several_submissions_undated'
    group by survey, time_period, unit_code
),

superseded as (
    select
        survey,
        time_period,
        unit_code,
        count(*) as submission_count
    from {{ ref('int_submissions') }}
    where verdict = 'superseded' and unit_code is not null
    group by survey, time_period, unit_code
)

select
    silent.series as survey,
    silent.time_period,
    silent.unit_code,
    case when contested.unit_code is null then 'no_answer' else 'contested_submissions' end as finding,
    silent.previous_period,
    silent.fte_before as value_before,
    {{ exact('coalesce(silent.fte_before, 0)') }} as effect,
    cast(contested.submission_count as string) as detail
from silent
left join contested
    on silent.series = contested.survey
    and silent.time_period = contested.time_period
    and silent.unit_code = contested.unit_code

union all

select
    survey,
    time_period,
    unit_code,
    'superseded_submission' as finding,
    cast(null as integer) as previous_period,
    cast(null as decimal(18, 6)) as value_before,
    {{ exact('0') }} as effect,
    cast(submission_count as string) as detail
from superseded
