-- The rows of the deliveries whose answers count: those of the submission that counts, and on a sheet that is linked by the
-- unit the unit's last row, unless the unit made no submission that was completed.
with submission_rows as (
    select * from {{ ref('int_row_submissions') }}
    where ignored_reason is null and rejected_reason is null
),

submissions as (
    select * from {{ ref('int_submissions') }}
),

units_that_submitted as (
    select
        form,
        unit_code,
        bool_or(verdict = 'counts') as has_counted
    from submissions
    group by form, unit_code
),

linked_by_unit as (
    select
        submission_rows.*,
        row_number() over (
            partition by submission_rows.form, submission_rows.layout, submission_rows.unit_code
            order by submission_rows.file desc, submission_rows.sheet desc, submission_rows.row_number desc
        ) as choice
    from submission_rows
    left join units_that_submitted
        on submission_rows.form = units_that_submitted.form
        and submission_rows.unit_code = units_that_submitted.unit_code
    where submission_rows.submission_key is null and coalesce(units_that_submitted.has_counted, true)
)

select
    submission_rows.form,
    submission_rows.file,
    submission_rows.sheet,
    submission_rows.layout,
    submission_rows.row_number,
    submission_rows.unit_code
from submission_rows
inner join submissions
    on submission_rows.form = submissions.form
    and submission_rows.submission_key = submissions.submission_key
    and submission_rows.unit_code = submissions.unit_code
where submissions.verdict = 'counts'

union all

select
    form,
    file,
    sheet,
    layout,
    row_number,
    unit_code
from linked_by_unit
where choice = 1
