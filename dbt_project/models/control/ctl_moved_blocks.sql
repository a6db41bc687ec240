with moves as (
    {{ moves_by_direction() }}
),

placed as (
    select
        records.sheet_key,
        records.row_number,
        moves.column_number,
        moves.direction,
        moves.evidence
    from moves
    inner join {{ ref('ctl_records') }} as records
        on moves.row_key = records.row_key
),

sheets as (
    select
        sheet_key,
        form,
        file,
        sheet,
        layout,
        count(*) as record_count
    from {{ ref('ctl_records') }}
    group by sheet_key, form, file, sheet, layout
),

suspects as (
    select
        sheet_key,
        column_number,
        direction
    from placed
    where evidence > 0
    group by sheet_key, column_number, direction
    having count(*) >= {{ limit_of('columns_block_records') }}
),

running as (
    select
        placed.*,
        sum(placed.evidence) over (
            partition by placed.sheet_key, placed.column_number, placed.direction
            order by placed.row_number
            rows between unbounded preceding and current row
        ) as running_evidence
    from placed
    inner join suspects
        on placed.sheet_key = suspects.sheet_key
        and placed.column_number = suspects.column_number
        and placed.direction = suspects.direction
),

runs as (
    -- A run begins after the row with the lowest running sum.
    select
        *,
        running_evidence - least(
            coalesce(
                min(running_evidence) over (
                    partition by sheet_key, column_number, direction
                    order by row_number
                    rows between unbounded preceding and 1 preceding
                ),
                0
            ),
            0
        ) as run_evidence
    from running
),

ranked as (
    -- Sums of fractions differ in their last digits, hence the rounding; of runs with equal evidence, the first counts.
    select
        *,
        row_number() over (
            partition by sheet_key, column_number, direction
            order by round(run_evidence, 6) desc, row_number asc
        ) as choice
    from runs
),

best as (
    select
        sheet_key,
        column_number,
        direction,
        run_evidence as evidence,
        row_number as last_row,
        running_evidence - run_evidence as least_before
    from ranked
    where choice = 1
),

begun as (
    select
        best.sheet_key,
        best.column_number,
        best.direction,
        best.evidence,
        best.last_row,
        max(running.row_number) as row_before
    from best
    left join running
        on best.sheet_key = running.sheet_key
        and best.column_number = running.column_number
        and best.direction = running.direction
        and best.last_row > running.row_number
        and best.least_before + 0.000001 >= running.running_evidence
    group by best.sheet_key, best.column_number, best.direction, best.evidence, best.last_row
)

select
    begun.sheet_key,
    sheets.form,
    sheets.file,
    sheets.sheet,
    sheets.layout,
    begun.column_number,
    begun.direction,
    min(running.row_number) as first_row,
    begun.last_row,
    count(*) as record_count,
    sum(case when running.evidence > 0 then 1 else 0 end) as moved_count,
    round(
        begun.evidence / greatest(1, max(sheets.record_count) / {{ limit_of('columns_block_sheet') }}),
        3
    ) as evidence
from begun
inner join sheets
    on begun.sheet_key = sheets.sheet_key
inner join running
    on begun.sheet_key = running.sheet_key
    and begun.column_number = running.column_number
    and begun.direction = running.direction
    and begun.last_row >= running.row_number
    and coalesce(begun.row_before, 0) < running.row_number
group by
    begun.sheet_key,
    sheets.form,
    sheets.file,
    sheets.sheet,
    sheets.layout,
    begun.column_number,
    begun.direction,
    begun.last_row,
    begun.evidence
