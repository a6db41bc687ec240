-- The submission that each row of data belongs to: the row itself on a sheet of its own, or the row of the sheet that
-- it links to, by the submission's number or by the unit. With it when it was submitted and whether it was completed;
-- a delivery without a status column holds completed rows only. submission_key tells the submissions of a form apart: the
-- row, or in a layout whose rows are single answers the submission's number and date, and where rows are parts of a unit the
-- unit. Numbers hold within the file that has both sheets: another file may begin at 1 again.
with layouts as (
    select * from {{ source('forms', 'layouts') }}
),

row_units as (
    select * from {{ ref('int_row_units') }}
),

fates as (
    select * from {{ ref('int_row_fates') }}
),

identifiers as (
    select * from {{ ref('int_row_identifiers') }}
),

submitted as (
    select * from {{ source('raw', 'submitted') }}
),

statuses as (
    select * from {{ source('forms', 'statuses') }}
),

repeated_headers as (
    select * from {{ source('raw', 'repeated_headers') }}
),

link_texts as (
    select
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        layouts.links_to,
        {{ code_text('cells.text') }} as link_text
    from {{ ref('stg_raw__cells') }} as cells
    inner join layouts
        on cells.form = layouts.form
        and cells.layout = layouts.layout
        and cells.header = layouts.link_header
    where cells.is_below_header
),

main_rows as (
    select
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
            case when repeated_headers.form is not null then 'repeated_header' end,
            row_units.rejected_reason,
            case when identifiers.status_text is not null and statuses.meaning is null then 'unknown_status' end
        ) as rejected_reason,
        submitted.submitted_at,
        submitted.instant,
        identifiers.status_text,
        coalesce(statuses.meaning, case when identifiers.status_text is null then 'completed' else 'not_completed' end)
            as submission_status
    from fates
    inner join layouts
        on fates.form = layouts.form
        and fates.layout = layouts.layout
        and layouts.links_to is null
    left join identifiers
        on fates.form = identifiers.form
        and fates.file = identifiers.file
        and fates.sheet = identifiers.sheet
        and fates.layout = identifiers.layout
        and fates.row_number = identifiers.row_number
    left join row_units
        on fates.form = row_units.form
        and fates.file = row_units.file
        and fates.sheet = row_units.sheet
        and fates.layout = row_units.layout
        and fates.row_number = row_units.row_number
    left join repeated_headers
        on fates.form = repeated_headers.form
        and fates.file = repeated_headers.file
        and fates.sheet = repeated_headers.sheet
        and fates.layout = repeated_headers.layout
        and fates.row_number = repeated_headers.row_number
    left join submitted
        on fates.form = submitted.form
        and fates.file = submitted.file
        and fates.sheet = submitted.sheet
        and fates.layout = submitted.layout
        and fates.row_number = submitted.row_number
    left join statuses
        on fates.form = statuses.form
        and fates.layout = statuses.layout
        and identifiers.status_text = statuses.status
    where fates.ignored_reason is null or fates.ignored_reason != 'header'
),

all_scopes as (
    select
        *,
        file as scope
    from main_rows
    where submission_id is not null

    union all

    select
        *,
        '' as scope
    from main_rows
    where submission_id is not null
),

numbered_main_rows as (
    -- A number that occurs twice links to the latest that was completed, if all of them are of one unit.
    select
        *,
        row_number() over (
            partition by form, layout, scope, submission_id
            order by
                case when ignored_reason is null then 0 else 1 end asc,
                case when submission_status = 'completed' then 0 else 1 end asc,
                instant desc nulls last,
                file asc,
                sheet asc,
                row_number asc
        ) as occurrence,
        max(coalesce(ignored_reason, unit_code, '')) over (partition by form, layout, scope, submission_id) as last_unit,
        min(coalesce(ignored_reason, unit_code, '')) over (partition by form, layout, scope, submission_id) as first_unit
    from all_scopes
),

main_files as (
    select distinct
        form,
        file,
        layout
    from main_rows
),

links as (
    select
        link_texts.*,
        coalesce(main_files.file, '') as scope
    from link_texts
    left join main_files
        on link_texts.form = main_files.form
        and link_texts.file = main_files.file
        and link_texts.links_to = main_files.layout
),

rows_of_shared_numbers as (
    select distinct
        main_rows.form,
        main_rows.file,
        main_rows.sheet,
        main_rows.layout,
        main_rows.row_number
    from links
    inner join numbered_main_rows as main_rows
        on links.form = main_rows.form
        and links.links_to = main_rows.layout
        and links.scope = main_rows.scope
        and links.link_text = main_rows.submission_id
    where main_rows.first_unit != main_rows.last_unit
),

own_rows as (
    select
        main_rows.form,
        main_rows.file,
        main_rows.sheet,
        main_rows.layout,
        main_rows.row_number,
        main_rows.submission_key,
        main_rows.submission_id,
        main_rows.unit_code,
        main_rows.stratum,
        main_rows.submitted_at,
        main_rows.instant,
        main_rows.submission_status,
        -- What stands on the other sheets is of one of the units, and nobody knows of which.
        coalesce(
            main_rows.rejected_reason,
            case when rows_of_shared_numbers.form is not null then 'several_submissions' end
        ) as rejected_reason,
        main_rows.ignored_reason
    from main_rows
    left join rows_of_shared_numbers
        on main_rows.form = rows_of_shared_numbers.form
        and main_rows.file = rows_of_shared_numbers.file
        and main_rows.sheet = rows_of_shared_numbers.sheet
        and main_rows.layout = rows_of_shared_numbers.layout
        and main_rows.row_number = rows_of_shared_numbers.row_number
    where main_rows.ignored_reason is null
),

linked_by_number as (
    select
        fates.form,
        fates.file,
        fates.sheet,
        fates.layout,
        fates.row_number,
        main_rows.submission_key,
        links.link_text as submission_id,
        main_rows.unit_code,
        main_rows.stratum,
        main_rows.submitted_at,
        main_rows.instant,
        main_rows.submission_status,
        case
            when main_rows.row_number is null then 'no_submission'
            when main_rows.first_unit != main_rows.last_unit then 'several_submissions'
            else main_rows.rejected_reason
        end as rejected_reason,
        case when main_rows.first_unit = main_rows.last_unit then main_rows.ignored_reason end as ignored_reason
    from fates
    inner join layouts
        on fates.form = layouts.form
        and fates.layout = layouts.layout
        and layouts.link_by = 'submission'
    left join links
        on fates.form = links.form
        and fates.file = links.file
        and fates.sheet = links.sheet
        and fates.layout = links.layout
        and fates.row_number = links.row_number
    left join numbered_main_rows as main_rows
        on links.form = main_rows.form
        and links.links_to = main_rows.layout
        and links.scope = main_rows.scope
        and links.link_text = main_rows.submission_id
        and main_rows.occurrence = 1
    where fates.ignored_reason is null
),

linked_by_unit as (
    -- The unit stands in the row itself; the submission is found by the unit when one of several is chosen.
    select
        row_units.form,
        row_units.file,
        row_units.sheet,
        row_units.layout,
        row_units.row_number,
        cast(null as string) as submission_key,
        cast(null as string) as submission_id,
        row_units.unit_code,
        row_units.stratum,
        cast(null as timestamp) as submitted_at,
        cast(null as timestamp) as instant,
        'completed' as submission_status,
        row_units.rejected_reason,
        cast(null as string) as ignored_reason
    from row_units
    inner join layouts
        on row_units.form = layouts.form
        and row_units.layout = layouts.layout
        and layouts.link_by = 'unit'
)

select * from own_rows
union all
select * from linked_by_number
union all
select * from linked_by_unit
