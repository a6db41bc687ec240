with fates as (
    select * from {{ ref('int_row_fates') }}
),

submissions as (
    select * from {{ ref('int_row_submissions') }}
),

contested_units as (
    select * from {{ ref('int_contested_units') }}
),

forms as (
    select * from {{ ref('stg_forms__forms') }}
)

select
    fates.row_key,
    fates.form,
    forms.survey,
    forms.time_period,
    fates.file,
    fates.sheet,
    fates.layout,
    fates.row_number,
    coalesce(fates.ignored_reason, submissions.ignored_reason) as ignored_reason,
    case
        when submissions.row_key is null and fates.ignored_reason is null then 'no_submission'
        when submissions.rejected_reason is not null then submissions.rejected_reason
        when submissions.submission_status = 'completed' then contested_units.rejected_reason
    end as rejected_reason,
    submissions.unit_code,
    submissions.stratum,
    submissions.submission_key,
    submissions.submitted_at,
    submissions.submission_status
from fates
inner join forms
    on fates.form = forms.form
left join submissions
    on fates.row_key = submissions.row_key
left join contested_units
    on submissions.form = contested_units.form
    and submissions.unit_code = contested_units.unit_code
