-- Where records one after another most likely stand one column too far from the same column on: of each sheet, column and
-- direction the run of records whose evidence (ctl_record_moves) sums up to most, with its first and last row. Small
-- evidence in each of many neighbours is much in all. Only columns from which several records of the sheet seem moved. In a
-- sheet of more than columns_block_sheet records the evidence counts for so much less, as there are so many more runs.
with moves as (
    select
        record_id,
        column_number,
        'right' as direction,
        moved_right as evidence
    from {{ ref('ctl_record_moves') }}
    where moved_right is not null

    union all

    select
        record_id,
        column_number,
        'left' as direction,
        moved_left as evidence
    from {{ ref('ctl_record_moves') }}
    where moved_left is not null
),

records as (
    select * from {{ ref('ctl_records') }}
),

placed as (
    select
        records.form,
        records.file,
        records.sheet,
        records.layout,
        records.row_number,
        moves.column_number,
        moves.direction,
        moves.evidence
    from moves
    inner join records
        on moves.record_id = records.record_id
),

sheet_sizes as (
    select
        form,
        file,
        sheet,
        layout,
        count(*) as sheet_count
    from records
    group by form, file, sheet, layout
),

suspects as (
    select
        form,
        file,
        sheet,
        layout,
        column_number,
        direction
    from placed
    where evidence > 0
    group by form, file, sheet, layout, column_number, direction
    having count(*) >= {{ limit_of('columns_block_records') }}
),

running as (
    select
        placed.*,
        sum(placed.evidence) over sheet_rows as running_evidence
    from placed
    inner join suspects
        on placed.form = suspects.form
        and placed.file = suspects.file
        and placed.sheet = suspects.sheet
        and placed.layout = suspects.layout
        and placed.column_number = suspects.column_number
        and placed.direction = suspects.direction
    window sheet_rows as (
        partition by
            placed.form, placed.file, placed.sheet, placed.layout, placed.column_number, placed.direction
        order by placed.row_number
        rows between unbounded preceding and current row
    )
),

runs as (
    -- A run begins after the row up to which the sum was least.
    select
        *,
        running_evidence - least(
            coalesce(
                min(running_evidence) over (
                    partition by form, file, sheet, layout, column_number, direction
                    order by row_number
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ),
            0
        ) as run_evidence
    from running
),

best as (
    select
        form,
        file,
        sheet,
        layout,
        column_number,
        direction,
        max(run_evidence) as evidence,
        max_by(row_number, run_evidence) as last_row,
        max_by(running_evidence, run_evidence) - max(run_evidence) as least_before
    from runs
    group by form, file, sheet, layout, column_number, direction
),

begun as (
    select
        best.form,
        best.file,
        best.sheet,
        best.layout,
        best.column_number,
        best.direction,
        best.evidence,
        best.last_row,
        max(running.row_number) as row_before
    from best
    left join running
        on best.form = running.form
        and best.file = running.file
        and best.sheet = running.sheet
        and best.layout = running.layout
        and best.column_number = running.column_number
        and best.direction = running.direction
        and best.last_row > running.row_number
        -- Sums of fractions differ in their last digits.
        and best.least_before + 0.000001 >= running.running_evidence
    group by
        best.form, best.file, best.sheet, best.layout, best.column_number, best.direction, best.evidence, best.last_row
)

select
    begun.form,
    begun.file,
    begun.sheet,
    begun.layout,
    begun.column_number,
    begun.direction,
    min(running.row_number) as first_row,
    begun.last_row,
    count(*) as record_count,
    sum(case when running.evidence > 0 then 1 else 0 end) as moved_count,
    round(
        begun.evidence / greatest(1, max(sheet_sizes.sheet_count) / {{ limit_of('columns_block_sheet') }}),
        3
    ) as evidence
from begun
inner join sheet_sizes
    on begun.form = sheet_sizes.form
    and begun.file = sheet_sizes.file
    and begun.sheet = sheet_sizes.sheet
    and begun.layout = sheet_sizes.layout
inner join running
    on begun.form = running.form
    and begun.file = running.file
    and begun.sheet = running.sheet
    and begun.layout = running.layout
    and begun.column_number = running.column_number
    and begun.direction = running.direction
    and begun.last_row >= running.row_number
    and coalesce(begun.row_before, 0) < running.row_number
group by
    begun.form, begun.file, begun.sheet, begun.layout, begun.column_number, begun.direction, begun.last_row, begun.evidence
