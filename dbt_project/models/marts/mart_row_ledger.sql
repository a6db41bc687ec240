with fates as (
    select * from {{ ref('int_row_fates') }}
),

submissions as (
    select * from {{ ref('int_row_submissions') }}
),

contested_units as (
    select * from {{ ref('int_contested_units') }}
),

identifiers as (
    select * from {{ ref('int_row_identifiers') }}
),

left_out as (
    select
        form,
        file,
        sheet,
        row_number,
        'ignored' as fate,
        ignored_reason as reason,
        concat_ws(': ', ignored_header, ignored_text) as rests_on
    from fates
    where ignored_reason not in ('header', 'blank_row')

    union all

    -- Rows of submissions that are not data.
    select
        form,
        file,
        sheet,
        row_number,
        'ignored' as fate,
        ignored_reason as reason,
        concat_ws(' ', 'submission', submission_id) as rests_on
    from submissions
    where ignored_reason is not null

    union all

    select
        submissions.form,
        submissions.file,
        submissions.sheet,
        submissions.row_number,
        'rejected' as fate,
        coalesce(submissions.rejected_reason, contested_units.rejected_reason) as reason,
        coalesce(identifiers.unit_delivered, submissions.unit_code, submissions.submission_id) as rests_on
    from submissions
    left join contested_units
        on submissions.form = contested_units.form
        and submissions.unit_code = contested_units.unit_code
        and submissions.submission_status = 'completed'
    left join identifiers
        on submissions.row_key = identifiers.row_key
    where
        submissions.ignored_reason is null
        and coalesce(submissions.rejected_reason, contested_units.rejected_reason) is not null
)

select
    left_out.form,
    forms.time_period,
    left_out.file,
    left_out.sheet,
    left_out.row_number,
    left_out.fate,
    left_out.reason,
    left_out.rests_on
from left_out
inner join {{ ref('stg_forms__forms') }} as forms
    on left_out.form = forms.form
