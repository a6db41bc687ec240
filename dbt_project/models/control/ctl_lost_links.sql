with submissions as (
    select * from {{ ref('int_row_submissions') }}
    where ignored_reason is null
),

main_rows as (
    select * from {{ ref('int_main_rows') }}
    where ignored_reason is null and unit_code is not null
),

positions as (
    select
        form,
        file,
        submission_key,
        row_number() over (partition by form order by file, sheet, row_number) as position
    from main_rows
    where submission_status = 'completed' and submission_key is not null
),

files_of_submissions as (
    select distinct
        form,
        file
    from positions
),

linked as (
    select
        submissions.form,
        submissions.file,
        submissions.sheet,
        submissions.layout,
        positions.position,
        lag(positions.position) over (
            partition by submissions.form, submissions.file, submissions.sheet
            order by submissions.row_number
        ) as position_before
    from submissions
    inner join {{ ref('stg_forms__layouts') }} as layouts
        on submissions.form = layouts.form
        and submissions.layout = layouts.layout
        and layouts.link_by = 'submission'
    inner join positions
        on submissions.form = positions.form
        and submissions.submission_key = positions.submission_key
),

linked_anywhere as (
    select distinct
        form,
        layout,
        position
    from linked
),

linked_sheets as (
    select
        form,
        file,
        sheet,
        layout,
        max(position) as last_position,
        count(*) as row_count,
        sum(case when position_before > position then 1 else 0 end) as out_of_order
    from linked
    group by form, file, sheet, layout
),

linked_ends as (
    -- A sheet in a file with submissions is compared with the submissions of that file, any other sheet with all of them. A
    -- submission whose part is in another file, such as a late one, is not lost.
    select
        linked_sheets.form,
        linked_sheets.sheet,
        sum(case when positions.position is not null and linked_anywhere.position is null then 1 else 0 end) as lost_count
    from linked_sheets
    left join files_of_submissions as same_file
        on linked_sheets.form = same_file.form
        and linked_sheets.file = same_file.file
    left join positions
        on linked_sheets.form = positions.form
        and linked_sheets.last_position < positions.position
        and (same_file.file is null or same_file.file = positions.file)
    left join linked_anywhere
        on positions.form = linked_anywhere.form
        and linked_sheets.layout = linked_anywhere.layout
        and positions.position = linked_anywhere.position
    where linked_sheets.out_of_order <= {{ limit_of('columns_out_of_order_share') }} * linked_sheets.row_count
    group by linked_sheets.form, linked_sheets.file, linked_sheets.sheet
)

select
    form,
    max(lost_count) as lost_count,
    max_by(sheet, lost_count) as sheet
from linked_ends
group by form
