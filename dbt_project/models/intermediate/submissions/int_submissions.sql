-- Every submission of a round and what became of it: of several completed submissions of a unit the last one counts, by date
-- and then by its place in the delivery; the verdict says why another does not.
with submission_rows as (
    select * from {{ ref('int_row_submissions') }}
    where submission_key is not null and ignored_reason is null
),

submissions as (
    select
        form,
        submission_key,
        unit_code,
        max(submission_status) as submission_status,
        max(submitted_at) as submitted_at,
        max(rejected_reason) as rejected_reason,
        max(file) as file,
        max(sheet) as sheet,
        max(row_number) as row_number
    from submission_rows
    group by form, submission_key, unit_code
),

ranked as (
    select
        *,
        row_number() over (
            partition by form, unit_code
            order by
                case when rejected_reason is null and submission_status = 'completed' then 0 else 1 end,
                submitted_at desc nulls last,
                file desc,
                sheet desc,
                row_number desc
        ) as choice
    from submissions
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
