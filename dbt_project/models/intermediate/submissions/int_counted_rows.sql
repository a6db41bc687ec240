with submissions as (
    select * from {{ ref('int_submissions') }}
),

layouts as (
    select * from {{ ref('stg_forms__layouts') }}
),

decisions as (
    select * from {{ ref('int_submission_decisions') }}
    where verdict = 'applied'
),

units_that_submitted as (
    select
        form,
        unit_code,
        bool_or(verdict = 'counts') as has_counted
    from submissions
    group by form, unit_code
),

submission_rows as (
    select
        row_submissions.*,
        layouts.rows_are
    from {{ ref('int_row_submissions') }} as row_submissions
    inner join layouts
        on row_submissions.form = layouts.form
        and row_submissions.layout = layouts.layout
    left join {{ ref('int_contested_units') }} as contested_units
        on row_submissions.form = contested_units.form
        and row_submissions.unit_code = contested_units.unit_code
    where
        row_submissions.ignored_reason is null
        and row_submissions.rejected_reason is null
        and contested_units.form is null
),

ranked as (
    select
        submission_rows.row_key,
        submission_rows.form,
        submission_rows.file,
        submission_rows.sheet,
        submission_rows.layout,
        submission_rows.row_number,
        submission_rows.unit_code,
        submission_rows.rows_are,
        row_number() over (
            partition by
                submission_rows.form,
                submission_rows.layout,
                submission_rows.unit_code,
                submission_rows.submission_key
            order by
                case when decisions.form is not null then 0 else 1 end,
                submission_rows.file desc,
                submission_rows.sheet desc,
                submission_rows.row_number desc
        ) as choice
    from submission_rows
    left join submissions
        on submission_rows.form = submissions.form
        and submission_rows.submission_key = submissions.submission_key
        and submission_rows.unit_code = submissions.unit_code
    left join units_that_submitted
        on submission_rows.form = units_that_submitted.form
        and submission_rows.unit_code = units_that_submitted.unit_code
    left join decisions
        on submission_rows.form = decisions.form
        and submission_rows.unit_code = decisions.unit_code
        and concat_ws('|', submission_rows.layout, submission_rows.submission_key) = decisions.contest
        and concat_ws('|', submission_rows.file, submission_rows.sheet, submission_rows.row_number) = decisions.rival
    where
        submissions.verdict = 'counts'
        or (submission_rows.submission_key is null and coalesce(units_that_submitted.has_counted, true))
)

select
    row_key,
    form,
    file,
    sheet,
    layout,
    row_number,
    unit_code,
    rows_are
from ranked
where rows_are != 'submissions' or choice = 1
