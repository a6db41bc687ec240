with doubtful_codes as (
    select * from {{ ref('stg_forms__doubtful_codes') }}
),

missing_texts as (
    select * from {{ ref('stg_forms__missing_texts') }}
),

cells as (
    select
        *,
        {{ code_text('text') }} as code_text
    from {{ ref('int_mapped_cells') }}
    where
        type = 'number'
        and measure_unit = 'fte'
        and question is not null
        and (use = 'answer' or column_reason = 'typed_sum')
        and text != ''
        and is_declared_missing is not true
),

rows_of_data as (
    -- The rows of a submission. A row that is linked by its unit belongs with the unit's other rows; each part has its own
    -- sums.
    select
        row_submissions.row_key,
        row_submissions.form,
        row_submissions.unit_code,
        case
            when layouts.rows_are = 'parts' then cast(row_submissions.row_key as string)
            else coalesce(row_submissions.submission_key, row_submissions.unit_code)
        end as submission
    from {{ ref('int_row_submissions') }} as row_submissions
    inner join {{ ref('stg_forms__layouts') }} as layouts
        on row_submissions.form = layouts.form
        and row_submissions.layout = layouts.layout
    where row_submissions.ignored_reason is null and row_submissions.rejected_reason is null
),

doubtful_submissions as (
    select distinct
        rows_of_data.form,
        rows_of_data.unit_code,
        rows_of_data.submission
    from cells
    inner join doubtful_codes
        on cells.form = doubtful_codes.form
        and cells.line = doubtful_codes.line
        and cells.code_text = doubtful_codes.text
    inner join rows_of_data
        on cells.row_key = rows_of_data.row_key
)

select
    cells.row_key,
    cells.column_number,
    dense_rank() over (
        order by
            rows_of_data.form,
            rows_of_data.unit_code,
            rows_of_data.submission,
            cells.target_group,
            cells.reporting_form
    ) as block_id,
    cells.question,
    cells.use = 'answer' as is_answer,
    doubtful_codes.form is not null as is_doubtful,
    {{ typed_number('cells.text') }} as number_value
from doubtful_submissions
inner join rows_of_data
    on doubtful_submissions.form = rows_of_data.form
    and doubtful_submissions.submission = rows_of_data.submission
    and doubtful_submissions.unit_code = rows_of_data.unit_code
inner join cells
    on rows_of_data.row_key = cells.row_key
left join doubtful_codes
    on cells.form = doubtful_codes.form
    and cells.line = doubtful_codes.line
    and cells.code_text = doubtful_codes.text
left join missing_texts
    on cells.form = missing_texts.form
    and cells.line = missing_texts.line
    and (
        cells.code_text = missing_texts.text
        or {{ signed_number('cells.text') }} between missing_texts.low and missing_texts.high
    )
left join {{ ref('stg_forms__nil_texts') }} as nil_texts
    on cells.form = nil_texts.form
    and cells.text = nil_texts.text
where missing_texts.form is null and nil_texts.form is null
