-- The records of all deliveries, numbered. Rows that the form declares as no data are there too, since values that have
-- moved can make a record look like one. Left out are header, totals and rows that only say that a unit did not answer.
with fates as (
    select * from {{ ref('int_row_fates') }}
),

submissions as (
    select * from {{ ref('int_row_submissions') }}
)

select
    fates.form,
    fates.file,
    fates.sheet,
    fates.layout,
    fates.row_number,
    row_number() over (order by fates.form, fates.file, fates.sheet, fates.layout, fates.row_number) as record_id,
    fates.ignored_reason is null as is_data,
    submissions.unit_code
from fates
left join submissions
    on fates.form = submissions.form
    and fates.file = submissions.file
    and fates.sheet = submissions.sheet
    and fates.layout = submissions.layout
    and fates.row_number = submissions.row_number
where
    coalesce(fates.ignored_reason, 'data') not in ('header', 'blank_row', 'total')
    and coalesce(submissions.submission_status, 'completed') != 'not_answered'
