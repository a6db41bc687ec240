with layouts as (
    select * from {{ ref('stg_forms__layouts') }}
),

rows_of_data as (
    select
        row_submissions.*,
        layouts.links_to is not null and layouts.rows_are = 'submissions' as is_one_of_a_sheet
    from {{ ref('int_row_submissions') }} as row_submissions
    inner join layouts
        on row_submissions.form = layouts.form
        and row_submissions.layout = layouts.layout
    where row_submissions.ignored_reason is null and row_submissions.unit_code is not null
),

completed as (
    select
        form,
        unit_code,
        submission_key,
        max(submitted_at) as submitted_at,
        max(instant) as instant
    from rows_of_data
    where submission_key is not null
    group by form, unit_code, submission_key
    having max(rejected_reason) is null and max(submission_status) = 'completed'
),

compared as (
    select
        *,
        max(submitted_at) over (partition by form, unit_code) as last_submitted_at,
        max(instant) over (partition by form, unit_code) as last_instant
    from completed
),

rivals as (
    select
        rows_of_data.form,
        rows_of_data.unit_code,
        'submission' as contest,
        compared.submission_key as rival,
        rows_of_data.row_key,
        rows_of_data.file,
        rows_of_data.sheet,
        rows_of_data.layout,
        rows_of_data.row_number
    from compared
    inner join rows_of_data
        on compared.form = rows_of_data.form
        and compared.unit_code = rows_of_data.unit_code
        and compared.submission_key = rows_of_data.submission_key
    where
        compared.instant is null
        or compared.instant = compared.last_instant
        -- A day without a time may be later than a time of the same day.
        or (
            cast(compared.submitted_at as date) = cast(compared.last_submitted_at as date)
            and compared.submitted_at = cast(cast(compared.submitted_at as date) as timestamp)
        )

    union all

    select
        form,
        unit_code,
        concat_ws('|', layout, submission_key) as contest,
        concat_ws('|', file, sheet, row_number) as rival,
        row_key,
        file,
        sheet,
        layout,
        row_number
    from rows_of_data
    where is_one_of_a_sheet and rejected_reason is null
),

contests as (
    select
        form,
        unit_code,
        contest
    from rivals
    group by form, unit_code, contest
    having count(distinct rival) > 1
)

select rivals.*
from rivals
inner join contests
    on rivals.form = contests.form
    and rivals.unit_code = contests.unit_code
    and rivals.contest = contests.contest
