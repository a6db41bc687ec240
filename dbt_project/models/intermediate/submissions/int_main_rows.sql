with layouts as (
    select * from {{ ref('stg_forms__layouts') }}
    where links_to is null
),

row_units as (
    select * from {{ ref('int_row_units') }}
),

identifiers as (
    select * from {{ ref('int_row_identifiers') }}
),

submitted as (
    select * from {{ ref('stg_raw__submitted') }}
),

statuses as (
    select * from {{ ref('stg_forms__statuses') }}
),

repeated_headers as (
    select * from {{ ref('stg_raw__repeated_headers') }}
)

select
    fates.row_key,
    fates.form,
    fates.file,
    fates.sheet,
    fates.layout,
    fates.row_number,
    fates.ignored_reason,
    identifiers.submission_id,
    case
        when layouts.rows_are = 'answers' then concat_ws('|', identifiers.submission_id, submitted.submitted_at)
        when layouts.rows_are = 'parts' and row_units.unit_code is not null
            then concat_ws('|', row_units.unit_code, statuses.meaning)
        else concat_ws('|', fates.file, fates.sheet, fates.row_number)
    end as submission_key,
    row_units.unit_code,
    row_units.stratum,
    coalesce(
        case when repeated_headers.row_key is not null then 'repeated_header' end,
        row_units.rejected_reason,
        case when identifiers.status_text is not null and statuses.meaning is null then 'unknown_status' end
    ) as rejected_reason,
    submitted.submitted_at,
    submitted.instant,
    coalesce(statuses.meaning, case when identifiers.status_text is null then 'completed' else 'not_completed' end)
        as submission_status
from {{ ref('int_row_fates') }} as fates
inner join layouts
    on fates.form = layouts.form
    and fates.layout = layouts.layout
left join identifiers
    on fates.row_key = identifiers.row_key
left join row_units
    on fates.row_key = row_units.row_key
left join repeated_headers
    on fates.row_key = repeated_headers.row_key
left join submitted
    on fates.row_key = submitted.row_key
left join statuses
    on fates.form = statuses.form
    and fates.layout = statuses.layout
    and identifiers.status_text = statuses.status
where fates.ignored_reason is null or fates.ignored_reason != 'header'
