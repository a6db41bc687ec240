with submission_rows as (
    select * from {{ ref('int_row_submissions') }}
    where submission_key is not null and ignored_reason is null
),

contested_units as (
    select * from {{ ref('int_contested_units') }}
),

decisions as (
    select * from {{ ref('int_submission_decisions') }}
    where verdict = 'applied' and contest = 'submission'
),

submissions as (
    select
        form,
        submission_key,
        unit_code,
        max(submission_status) as submission_status,
        max(submitted_at) as submitted_at,
        max(instant) as instant,
        max(rejected_reason) as rejected_reason,
        max(file) as file,
        max(sheet) as sheet,
        max(row_number) as row_number
    from submission_rows
    group by form, submission_key, unit_code
),

judged as (
    select
        submissions.form,
        submissions.submission_key,
        submissions.unit_code,
        submissions.submission_status,
        submissions.submitted_at,
        submissions.instant,
        submissions.file,
        submissions.sheet,
        submissions.row_number,
        decisions.form is not null as is_decided,
        coalesce(
            submissions.rejected_reason,
            case when submissions.submission_status = 'completed' then contested_units.rejected_reason end
        ) as rejected_reason
    from submissions
    left join contested_units
        on submissions.form = contested_units.form
        and submissions.unit_code = contested_units.unit_code
    left join decisions
        on submissions.form = decisions.form
        and submissions.unit_code = decisions.unit_code
        and submissions.submission_key = decisions.rival
),

ranked as (
    select
        *,
        row_number() over (
            partition by form, unit_code
            order by
                case when rejected_reason is null and submission_status = 'completed' then 0 else 1 end,
                case when is_decided then 0 else 1 end,
                instant desc nulls last,
                file desc,
                sheet desc,
                row_number desc
        ) as choice
    from judged
)

select
    ranked.form,
    forms.survey,
    forms.time_period,
    ranked.submission_key,
    ranked.unit_code,
    ranked.submitted_at,
    ranked.file,
    ranked.sheet,
    ranked.row_number,
    case
        when ranked.rejected_reason is not null then 'rejected'
        when ranked.submission_status != 'completed' then ranked.submission_status
        when ranked.choice = 1 then 'counts'
        else 'superseded'
    end as verdict,
    ranked.rejected_reason
from ranked
inner join {{ ref('stg_forms__forms') }} as forms
    on ranked.form = forms.form
