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

last_positions as (
    select
        form,
        file,
        max(position) as last_position
    from positions
    group by form, file
),

linked as (
    select
        submissions.form,
        submissions.file,
        submissions.sheet,
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

linked_sheets as (
    select
        form,
        file,
        sheet,
        max(position) as last_position,
        count(*) as row_count,
        sum(case when position_before > position then 1 else 0 end) as out_of_order
    from linked
    group by form, file, sheet
),

linked_ends as (
    -- A sheet that stands in a file with submissions follows those of that file, and else all of them.
    select
        linked_sheets.form,
        linked_sheets.sheet,
        max(last_positions.last_position) - max(linked_sheets.last_position) as lost_count
    from linked_sheets
    inner join last_positions
        on linked_sheets.form = last_positions.form
    left join last_positions as same_file
        on linked_sheets.form = same_file.form
        and linked_sheets.file = same_file.file
    where linked_sheets.out_of_order <= {{ limit_of('columns_out_of_order_share') }} * linked_sheets.row_count
        and last_positions.file = coalesce(same_file.file, last_positions.file)
    group by linked_sheets.form, linked_sheets.file, linked_sheets.sheet
)

select
    form,
    max(lost_count) as lost_count,
    max_by(sheet, lost_count) as sheet
from linked_ends
group by form
