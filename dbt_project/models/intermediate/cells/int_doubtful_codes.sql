-- Cells of FTE that hold 99, 999 or another number that is also used as a code for "no answer", where neither the code book
-- nor the file says what it means: what the sums beside them say. The form has such numbers under `doubtful`. A number that
-- the sum of its block holds is an answer; one that the sum has no room for is a missing code; where the sums do not tell,
-- or there are none, it is neither, and the cell is rejected. The sum of a block is the typed one; without it, what the same
-- submission says in the other breakdown of the same FTE.
with doubtful_codes as (
    select * from {{ source('forms', 'doubtful_codes') }}
),

missing_texts as (
    select * from {{ source('forms', 'missing_texts') }}
),

columns as (
    select * from {{ ref('stg_forms__columns') }}
    where type = 'number' and unit = 'fte' and question is not null and (use = 'answer' or reason = 'typed_sum')
),

cells as (
    select
        *,
        {{ code_text('text') }} as code_text
    from {{ ref('stg_raw__cells') }}
    where is_below_header and text != '' and is_declared_missing is not true
),

doubtful_rows as (
    select distinct
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number
    from cells
    inner join columns
        on cells.form = columns.form
        and cells.layout = columns.layout
        and cells.header = columns.header
    inner join doubtful_codes
        on columns.form = doubtful_codes.form
        and columns.line = doubtful_codes.line
        and cells.code_text = doubtful_codes.text
),

rows_of_data as (
    -- The rows of a submission; a row that is linked by its unit belongs to the unit's others, and a part has its own sums.
    select
        row_submissions.*,
        case
            when layouts.rows_are = 'parts'
                then concat_ws('|', row_submissions.file, row_submissions.sheet, row_submissions.row_number)
            else coalesce(row_submissions.submission_key, row_submissions.unit_code)
        end as submission
    from {{ ref('int_row_submissions') }} as row_submissions
    inner join {{ source('forms', 'layouts') }} as layouts
        on row_submissions.form = layouts.form
        and row_submissions.layout = layouts.layout
    where row_submissions.ignored_reason is null and row_submissions.rejected_reason is null
),

doubtful_submissions as (
    select distinct
        rows_of_data.form,
        rows_of_data.unit_code,
        rows_of_data.submission
    from rows_of_data
    inner join doubtful_rows
        on rows_of_data.form = doubtful_rows.form
        and rows_of_data.file = doubtful_rows.file
        and rows_of_data.sheet = doubtful_rows.sheet
        and rows_of_data.layout = doubtful_rows.layout
        and rows_of_data.row_number = doubtful_rows.row_number
),

numbers as (
    select
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        cells.column_number,
        rows_of_data.unit_code,
        rows_of_data.submission,
        columns.question,
        columns.target_group,
        columns.reporting_form,
        columns.use = 'answer' as is_answer,
        doubtful_codes.form is not null as is_doubtful,
        {{ typed_number('cells.text') }} as number_value
    from doubtful_submissions
    inner join rows_of_data
        on doubtful_submissions.form = rows_of_data.form
        and doubtful_submissions.submission = rows_of_data.submission
        and doubtful_submissions.unit_code = rows_of_data.unit_code
    inner join cells
        on rows_of_data.form = cells.form
        and rows_of_data.file = cells.file
        and rows_of_data.sheet = cells.sheet
        and rows_of_data.layout = cells.layout
        and rows_of_data.row_number = cells.row_number
    inner join {{ ref('int_cell_maps') }} as maps
        on cells.form = maps.form
        and cells.file = maps.file
        and cells.sheet = maps.sheet
        and cells.layout = maps.layout
        and cells.row_number = maps.row_number
        and cells.column_number = maps.column_number
    inner join columns
        on maps.form = columns.form
        and maps.line = columns.line
    left join doubtful_codes
        on columns.form = doubtful_codes.form
        and columns.line = doubtful_codes.line
        and cells.code_text = doubtful_codes.text
    left join missing_texts
        on columns.form = missing_texts.form
        and columns.line = missing_texts.line
        and (
            cells.code_text = missing_texts.text
            or {{ signed_number('cells.text') }} between missing_texts.low and missing_texts.high
        )
    left join {{ source('forms', 'nil_texts') }} as nil_texts
        on columns.form = nil_texts.form
        and cells.text = nil_texts.text
    where missing_texts.form is null and nil_texts.form is null
),

blocks as (
    select
        form,
        unit_code,
        submission,
        question,
        target_group,
        reporting_form,
        sum(case when is_answer and not is_doubtful then coalesce(number_value, 0) else 0 end) as sure_fte,
        sum(case when is_answer and number_value is null then 1 else 0 end) as unread_count,
        sum(case when is_answer and is_doubtful then 1 else 0 end) as doubtful_count,
        sum(case when is_answer and is_doubtful then number_value else 0 end) as doubtful_fte,
        min(case when is_answer and is_doubtful then number_value end) as smallest_code,
        max(case when not is_answer and not is_doubtful then number_value end) as typed_sum,
        max(case when not is_answer then number_value end) as doubtful_typed_sum
    from numbers
    group by form, unit_code, submission, question, target_group, reporting_form
),

other_sums as (
    -- What another breakdown of the same FTE says they are, for all that it can be read.
    select
        blocks.form,
        blocks.unit_code,
        blocks.submission,
        blocks.target_group,
        blocks.reporting_form,
        max(case when question = 'fte_by_service' then block_sum end) as fte_by_service,
        max(case when question = 'fte_by_education' then block_sum end) as fte_by_education
    from (
        select
            *,
            coalesce(typed_sum, case when unread_count + doubtful_count = 0 then sure_fte end) as block_sum
        from blocks
    ) as blocks
    group by blocks.form, blocks.unit_code, blocks.submission, blocks.target_group, blocks.reporting_form
),

measured as (
    select
        blocks.form,
        blocks.unit_code,
        blocks.submission,
        blocks.question,
        blocks.target_group,
        blocks.reporting_form,
        blocks.sure_fte,
        blocks.unread_count,
        blocks.doubtful_count,
        blocks.doubtful_fte,
        blocks.smallest_code,
        coalesce(
            blocks.typed_sum,
            other_sums.fte_by_service,
            other_sums.fte_by_education,
            blocks.doubtful_typed_sum
        ) as block_sum
    from blocks
    left join other_sums
        on blocks.form = other_sums.form
        and blocks.unit_code = other_sums.unit_code
        and blocks.submission = other_sums.submission
        and blocks.target_group = other_sums.target_group
        and blocks.reporting_form = other_sums.reporting_form
    where blocks.doubtful_count > 0
),

doubtful_cells as (
    select
        numbers.*,
        measured.unread_count,
        measured.doubtful_count,
        measured.doubtful_fte,
        measured.smallest_code,
        measured.block_sum,
        -- What the sum has more than the cells that are no codes.
        measured.block_sum - measured.sure_fte as room
    from numbers
    inner join measured
        on numbers.form = measured.form
        and numbers.unit_code = measured.unit_code
        and numbers.submission = measured.submission
        and numbers.question = measured.question
        and numbers.target_group = measured.target_group
        and numbers.reporting_form = measured.reporting_form
    where numbers.is_answer and numbers.is_doubtful
),

fitted as (
    select
        *,
        abs(room - number_value) * 3 <= number_value as is_the_room,
        sum(case when abs(room - number_value) * 3 <= number_value then 1 else 0 end)
            over (partition by form, unit_code, submission, question, target_group, reporting_form) as fitting_count
    from doubtful_cells
)

-- Breakdowns differ a little, and typed sums are not to be trusted to the decimal: what lies within a third of the number
-- is taken for it.
select
    form,
    file,
    sheet,
    layout,
    row_number,
    column_number,
    number_value,
    block_sum,
    room,
    case
        when block_sum is null then 'ambiguous_code'
        when number_value * 10 > block_sum * 11 or room * 3 <= smallest_code then 'missing_code'
        -- A cell that cannot be read may be what the sum has more.
        when unread_count > 0 then 'ambiguous_code'
        when room * 3 >= doubtful_fte * 3 - smallest_code then 'answer'
        when doubtful_count > 1 and fitting_count = 1 and is_the_room then 'answer'
        when doubtful_count > 1 and fitting_count = 1 then 'missing_code'
        else 'ambiguous_code'
    end as verdict
from fitted
