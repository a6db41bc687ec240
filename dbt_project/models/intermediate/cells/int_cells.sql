{#- The fate of a cell and its reason: the first condition that is true decides. `text` is the text of the cell; a reason
    without quotes is a column. #}
{%- set decisions = [
    ('row_ignored_reason is not null', 'ignored', 'row_ignored_reason'),
    ("use = 'ignored'", 'ignored', 'column_reason'),
    ('line is null', 'rejected', "'no_map_line'"),
    ('line_count > 1', 'rejected', "'several_map_lines'"),
    ("use = 'identifier' and is_unread_date", 'rejected', "'unreadable_date'"),
    ("use = 'identifier'", 'mapped', "'identifier'"),
    ("row_rejected_reason is not null and text != ''", 'rejected', 'row_rejected_reason'),
    ('is_blank', 'mapped', "'blank'"),
    ('is_contradicted', 'rejected', "'several_answers'"),
    ('option_missing_reason is not null', 'mapped', 'option_missing_reason'),
    ('is_missing_text', 'mapped', "'missing_code'"),
    ("code_verdict = 'missing_code'", 'mapped', 'code_verdict'),
    ("code_verdict = 'ambiguous_code'", 'rejected', 'code_verdict'),
    (
        "type = 'number' and number_value is null and " ~ matches_whole('text', "'[-\\x{2212}] ?[0-9].*'"),
        'rejected', "'negative_number'"
    ),
    ("type = 'number' and number_value is null", 'rejected', "'not_a_number'"),
    ('is_ambiguous', 'rejected', "'ambiguous_number'"),
    ("type = 'code' and option_answer is null", 'rejected', "'unknown_code'"),
    ("options_reason in ('several_answers', 'unknown_code')", 'rejected', 'options_reason'),
    ('options_reason is not null', 'mapped', 'options_reason'),
    ("type = 'tick' and is_ticked is null", 'rejected', "'unknown_tick'"),
    ('true', 'mapped', "'answer'"),
] %}
with placed as (
    select
        delivered.row_key,
        readings.column_number,
        delivered.form,
        delivered.survey,
        delivered.time_period,
        delivered.file,
        delivered.sheet,
        delivered.layout,
        delivered.row_number,
        readings.header,
        readings.text_delivered,
        readings.text,
        coalesce(readings.left_out, delivered.ignored_reason) as row_ignored_reason,
        delivered.rejected_reason as row_rejected_reason,
        delivered.unit_code,
        delivered.stratum,
        delivered.submission_key,
        delivered.submitted_at,
        delivered.submission_status,
        readings.line,
        readings.line_count,
        readings.use,
        readings.question,
        readings.item,
        readings.answer,
        readings.target_group,
        readings.reporting_form,
        readings.type,
        readings.measure_unit,
        readings.column_reason,
        readings.is_ambiguous,
        readings.number_value,
        readings.is_ticked,
        readings.option_answer,
        readings.option_missing_reason,
        readings.is_missing_text,
        readings.is_unread_date,
        readings.is_blank,
        readings.code_verdict,
        readings.options_reason,
        contradicted.row_key is not null as is_contradicted
    from {{ ref('int_cell_readings') }} as readings
    inner join {{ ref('int_delivered_rows') }} as delivered
        on readings.row_key = delivered.row_key
    left join {{ ref('int_contradicted_cells') }} as contradicted
        on readings.row_key = contradicted.row_key
        and readings.column_number = contradicted.column_number
),

decided as (
    select
        *,
        case
            {%- for condition, fate, reason in decisions %}
                when {{ condition }} then {{ loop.index }}
            {%- endfor %}
        end as decision
    from placed
)

select
    row_key,
    column_number,
    form,
    survey,
    time_period,
    file,
    sheet,
    layout,
    row_number,
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
    case decision
        {%- for condition, fate, reason in decisions %}
            when {{ loop.index }} then '{{ fate }}'
        {%- endfor %}
    end as fate,
    case decision
        {%- for condition, fate, reason in decisions %}
            when {{ loop.index }} then {{ reason }}
        {%- endfor %}
    end as fate_reason
from decided
