-- Every cell that was read and where it went: mapped (identifier or answer, also one that says "no answer"), ignored because
-- the form declares it, or rejected with a reason. Nothing is left over.
with cells as (
    select
        *,
        {{ code_text('text') }} as code_text
    from {{ ref('stg_raw__cells') }}
),

fates as (
    select * from {{ ref('int_row_fates') }}
),

submissions as (
    select
        submissions.*,
        coalesce(
            submissions.rejected_reason,
            case when submissions.submission_status = 'completed' then contested_units.rejected_reason end
        ) as row_rejected_reason
    from {{ ref('int_row_submissions') }} as submissions
    left join {{ ref('int_contested_units') }} as contested_units
        on submissions.form = contested_units.form
        and submissions.unit_code = contested_units.unit_code
),

maps as (
    select * from {{ ref('int_cell_maps') }}
),

columns as (
    select
        *,
        -- Only the codes of a column of codes are looked up.
        case when type = 'code' then question end as coded_question
    from {{ ref('stg_forms__columns') }}
),

missing_texts as (
    select * from {{ source('forms', 'missing_texts') }}
),

options as (
    select
        *,
        {{ whole_code('code') }} as whole_code,
        count(*) over (partition by form, question, {{ whole_code('code') }}) as alike_count
    from {{ ref('stg_forms__options') }}
),

forms as (
    select * from {{ ref('stg_forms__forms') }}
),

layouts as (
    select * from {{ source('forms', 'layouts') }}
),

conditions as (
    select distinct
        form,
        line
    from {{ source('forms', 'conditions') }}
),

asked_by_several_rows as (
    -- Where each row is one answer, or a part of the unit, two rows can answer the same question of a submission. Numbers of
    -- parts are added up, and boxes of parts are ticked where one of them is.
    select
        columns.form,
        columns.line
    from columns
    inner join layouts
        on columns.form = layouts.form
        and columns.layout = layouts.layout
    left join conditions
        on columns.form = conditions.form
        and columns.line = conditions.line
    where
        columns.use = 'answer'
        and (conditions.form is not null or (layouts.rows_are = 'parts' and columns.type = 'code'))
),

doubtful_codes as (
    select * from {{ ref('int_doubtful_codes') }}
),

nil_texts as (
    select * from {{ source('forms', 'nil_texts') }}
),

chosen_options as (
    select
        form,
        file,
        sheet,
        layout,
        row_number,
        column_number,
        count(*) as option_count,
        count(answer) as answer_count,
        max(missing_reason) as missing_reason
    from {{ ref('int_chosen_options') }}
    group by form, file, sheet, layout, row_number, column_number
),

unread_dates as (
    select
        submitted.form,
        submitted.file,
        submitted.sheet,
        submitted.layout,
        submitted.row_number,
        identifiers.header
    from {{ source('raw', 'submitted') }} as submitted
    inner join {{ source('forms', 'identifiers') }} as identifiers
        on submitted.form = identifiers.form
        and submitted.layout = identifiers.layout
        and identifiers.role = 'submitted'
    where submitted.submitted_at is null
),

placed as (
    select
        cells.form,
        forms.survey,
        forms.time_period,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        cells.column_number,
        cells.header,
        cells.text_delivered,
        cells.text,
        coalesce(cells.left_out, fates.ignored_reason, submissions.ignored_reason) as row_ignored_reason,
        case
            when submissions.form is null and fates.ignored_reason is null then 'no_submission'
            else submissions.row_rejected_reason
        end as row_rejected_reason,
        submissions.unit_code,
        submissions.stratum,
        submissions.submission_key,
        submissions.submitted_at,
        submissions.submission_status,
        maps.line,
        maps.line_count,
        columns.use,
        columns.question,
        columns.item,
        columns.answer,
        columns.target_group,
        columns.reporting_form,
        columns.type,
        columns.unit as measure_unit,
        columns.reason as column_reason,
        -- In money and counts a mark before three digits of a text may divide thousands or decimals: it is not guessed.
        columns.type = 'number'
        and coalesce(cells.kind, 'text') = 'text'
        and coalesce(columns.unit, '') != 'fte'
        and {{ matches_whole('cells.text', "'[0-9]{1,3}[.,][0-9]{3}'") }} as is_ambiguous,
        case when columns.type = 'number' then {{ typed_number('cells.text') }} end as number_value,
        case
            when contains(columns.ticked, ';' || lower(cells.code_text) || ';') then true
            when contains(columns.not_ticked, ';' || lower(cells.code_text) || ';') then false
        end as is_ticked,
        options.answer as option_answer,
        options.missing_reason as option_missing_reason,
        cells.is_declared_missing is true or missing_texts.form is not null as is_missing_text,
        doubtful_codes.verdict as code_verdict,
        cells.text = ''
        or nil_texts.form is not null
        or (columns.type = 'codes' and chosen_options.form is null) as is_blank,
        case
            when columns.type != 'codes' or chosen_options.answer_count = chosen_options.option_count then null
            when chosen_options.option_count = 1 and chosen_options.missing_reason is not null
                then chosen_options.missing_reason
            when chosen_options.missing_reason is not null then 'several_answers'
            when chosen_options.form is not null then 'unknown_code'
        end as options_reason,
        unread_dates.form is not null as is_unread_date
    from cells
    inner join forms
        on cells.form = forms.form
    inner join fates
        on cells.form = fates.form
        and cells.file = fates.file
        and cells.sheet = fates.sheet
        and cells.layout = fates.layout
        and cells.row_number = fates.row_number
    left join submissions
        on cells.form = submissions.form
        and cells.file = submissions.file
        and cells.sheet = submissions.sheet
        and cells.layout = submissions.layout
        and cells.row_number = submissions.row_number
    left join maps
        on cells.form = maps.form
        and cells.file = maps.file
        and cells.sheet = maps.sheet
        and cells.layout = maps.layout
        and cells.row_number = maps.row_number
        and cells.column_number = maps.column_number
    left join columns
        on maps.form = columns.form
        and maps.line = columns.line
    left join options
        on columns.form = options.form
        and columns.coded_question = options.question
        and {{ whole_code('cells.code_text') }} = options.whole_code
        and (options.alike_count = 1 or cells.code_text = options.code)
    left join missing_texts
        on columns.form = missing_texts.form
        and columns.line = missing_texts.line
        and (
            cells.code_text = missing_texts.text
            or {{ signed_number('cells.text') }} between missing_texts.low and missing_texts.high
        )
    left join doubtful_codes
        on cells.form = doubtful_codes.form
        and cells.file = doubtful_codes.file
        and cells.sheet = doubtful_codes.sheet
        and cells.layout = doubtful_codes.layout
        and cells.row_number = doubtful_codes.row_number
        and cells.column_number = doubtful_codes.column_number
    left join nil_texts
        on columns.form = nil_texts.form
        and columns.type = 'number'
        and cells.text = nil_texts.text
    left join chosen_options
        on cells.form = chosen_options.form
        and cells.file = chosen_options.file
        and cells.sheet = chosen_options.sheet
        and cells.layout = chosen_options.layout
        and cells.row_number = chosen_options.row_number
        and cells.column_number = chosen_options.column_number
    left join unread_dates
        on cells.form = unread_dates.form
        and cells.file = unread_dates.file
        and cells.sheet = unread_dates.sheet
        and cells.layout = unread_dates.layout
        and cells.row_number = unread_dates.row_number
        and cells.header = unread_dates.header
),

contradicted as (
    select
        placed.form,
        placed.unit_code,
        placed.submission_key,
        placed.line
    from placed
    inner join asked_by_several_rows
        on placed.form = asked_by_several_rows.form
        and placed.line = asked_by_several_rows.line
    where placed.text != '' and placed.row_ignored_reason is null
    group by placed.form, placed.unit_code, placed.submission_key, placed.line
    having count(distinct placed.text) > 1
),

judged as (
    select
        placed.*,
        contradicted.form is not null as is_contradicted
    from placed
    left join contradicted
        on placed.form = contradicted.form
        and placed.line = contradicted.line
        and placed.unit_code = contradicted.unit_code
        and placed.submission_key is not distinct from contradicted.submission_key
)

select
    form,
    survey,
    time_period,
    file,
    sheet,
    layout,
    row_number,
    column_number,
    header,
    text_delivered,
    text,
    row_ignored_reason,
    row_rejected_reason,
    unit_code,
    stratum,
    submission_key,
    submitted_at,
    submission_status,
    line,
    line_count,
    use,
    question,
    item,
    answer,
    target_group,
    reporting_form,
    type,
    measure_unit,
    column_reason,
    is_ambiguous,
    number_value,
    is_ticked,
    option_answer,
    option_missing_reason,
    is_missing_text,
    is_unread_date,
    case
        when row_ignored_reason is not null then 'ignored'
        when use = 'ignored' then 'ignored'
        when line is null or line_count > 1 then 'rejected'
        when use = 'identifier' and is_unread_date then 'rejected'
        when use = 'identifier' then 'mapped'
        when row_rejected_reason is not null and text != '' then 'rejected'
        when is_blank then 'mapped'
        when is_contradicted then 'rejected'
        when is_missing_text or option_missing_reason is not null then 'mapped'
        when code_verdict = 'ambiguous_code' then 'rejected'
        when is_ambiguous or (type = 'number' and number_value is null) then 'rejected'
        when type = 'code' and option_answer is null then 'rejected'
        when options_reason in ('several_answers', 'unknown_code') then 'rejected'
        when type = 'tick' and is_ticked is null then 'rejected'
        else 'mapped'
    end as fate,
    case
        when row_ignored_reason is not null then row_ignored_reason
        when use = 'ignored' then column_reason
        when line is null then 'no_map_line'
        when line_count > 1 then 'several_map_lines'
        when use = 'identifier' and is_unread_date then 'unreadable_date'
        when use = 'identifier' then 'identifier'
        when row_rejected_reason is not null and text != '' then row_rejected_reason
        when is_blank then 'blank'
        when is_contradicted then 'several_answers'
        when option_missing_reason is not null then option_missing_reason
        when is_missing_text then 'missing_code'
        when code_verdict != 'answer' then code_verdict
        when type = 'number' and number_value is null
            then
                case
                    when {{ matches_whole('text', "'[-\\x{2212}] ?[0-9].*'") }} then 'negative_number'
                    else 'not_a_number'
                end
        when is_ambiguous then 'ambiguous_number'
        when type = 'code' and option_answer is null then 'unknown_code'
        when options_reason is not null then options_reason
        when type = 'tick' and is_ticked is null then 'unknown_tick'
        else 'answer'
    end as fate_reason
from judged
