with cells as (
    select
        *,
        {{ code_text('text') }} as code_text,
        -- Only the codes of a column of codes are looked up.
        case when type = 'code' then question end as coded_question
    from {{ ref('int_mapped_cells') }}
),

missing_texts as (
    select * from {{ ref('stg_forms__missing_texts') }}
),

nil_texts as (
    select * from {{ ref('stg_forms__nil_texts') }}
),

options as (
    select
        *,
        {{ whole_code('code') }} as whole_code,
        count(*) over (partition by form, question, {{ whole_code('code') }}) as alike_count
    from {{ ref('stg_forms__options') }}
),

chosen_options as (
    select
        row_key,
        column_number,
        count(*) as option_count,
        count(answer) as answer_count,
        max(missing_reason) as missing_reason
    from {{ ref('int_chosen_options') }}
    group by row_key, column_number
),

doubtful_codes as (
    select * from {{ ref('int_doubtful_codes') }}
),

unread_rows as (
    select row_key from {{ ref('stg_raw__submitted') }}
    where submitted_at is null
),

date_columns as (
    select * from {{ ref('stg_forms__identifiers') }}
    where role = 'submitted'
)

select
    cells.row_key,
    cells.column_number,
    cells.header,
    cells.text_delivered,
    cells.text,
    cells.left_out,
    cells.line,
    cells.line_count,
    cells.use,
    cells.question,
    cells.item,
    cells.answer,
    cells.target_group,
    cells.reporting_form,
    cells.type,
    cells.measure_unit,
    cells.column_reason,
    -- In money and counts, a mark before three digits may separate thousands or decimals: such a text is ambiguous.
    cells.type = 'number'
    and coalesce(cells.kind, 'text') = 'text'
    and coalesce(cells.measure_unit, '') != 'fte'
    and {{ matches_whole('cells.text', "'[0-9]{1,3}[.,][0-9]{3}'") }} as is_ambiguous,
    case when cells.type = 'number' then {{ typed_number('cells.text') }} end as number_value,
    case
        when contains(cells.ticked, ';' || lower(cells.code_text) || ';') then true
        when contains(cells.not_ticked, ';' || lower(cells.code_text) || ';') then false
    end as is_ticked,
    options.answer as option_answer,
    options.missing_reason as option_missing_reason,
    cells.is_declared_missing is true or missing_texts.form is not null as is_missing_text,
    doubtful_codes.verdict as code_verdict,
    cells.text = ''
    or nil_texts.form is not null
    or (cells.type = 'codes' and chosen_options.row_key is null) as is_blank,
    case
        when cells.type != 'codes' or chosen_options.answer_count = chosen_options.option_count then null
        when chosen_options.option_count = 1 and chosen_options.missing_reason is not null
            then chosen_options.missing_reason
        when chosen_options.missing_reason is not null then 'several_answers'
        when chosen_options.row_key is not null then 'unknown_code'
    end as options_reason,
    unread_rows.row_key is not null and date_columns.form is not null as is_unread_date
from cells
left join options
    on cells.form = options.form
    and cells.coded_question = options.question
    and {{ whole_code('cells.code_text') }} = options.whole_code
    and (options.alike_count = 1 or cells.code_text = options.code)
left join missing_texts
    on cells.form = missing_texts.form
    and cells.line = missing_texts.line
    and (
        cells.code_text = missing_texts.text
        or {{ signed_number('cells.text') }} between missing_texts.low and missing_texts.high
    )
left join nil_texts
    on cells.form = nil_texts.form
    and cells.type = 'number'
    and cells.text = nil_texts.text
left join chosen_options
    on cells.row_key = chosen_options.row_key
    and cells.column_number = chosen_options.column_number
left join doubtful_codes
    on cells.row_key = doubtful_codes.row_key
    and cells.column_number = doubtful_codes.column_number
left join date_columns
    on cells.form = date_columns.form
    and cells.layout = date_columns.layout
    and cells.header = date_columns.header
left join unread_rows
    on cells.row_key = unread_rows.row_key
