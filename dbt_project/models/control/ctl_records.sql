with fates as (
    select * from {{ ref('int_row_fates') }}
),

submissions as (
    select * from {{ ref('int_row_submissions') }}
)

select
    fates.row_key,
    delivered.sheet_key,
    fates.form,
    fates.file,
    fates.sheet,
    fates.layout,
    fates.row_number,
    fates.ignored_reason is null as is_data,
    submissions.unit_code
from fates
inner join {{ ref('stg_raw__rows') }} as delivered
    on fates.row_key = delivered.row_key
left join submissions
    on fates.row_key = submissions.row_key
where
    coalesce(fates.ignored_reason, 'data') not in ('header', 'blank_row', 'total')
    and coalesce(submissions.submission_status, 'completed') != 'not_answered'
