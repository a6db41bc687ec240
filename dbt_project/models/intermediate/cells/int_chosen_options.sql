with parts as (
    select
        row_key,
        column_number,
        form,
        question,
        {{ each_of(parts_by('text_delivered', 'separator')) }} as part
    from {{ ref('int_mapped_cells') }}
    where use = 'answer' and type = 'codes' and text != ''
),

texts as (
    select
        *,
        {{ code_text(single_blanks(trimmed('part'))) }} as code
    from parts
)

select distinct
    texts.row_key,
    texts.column_number,
    texts.code,
    options.answer,
    options.missing_reason
from texts
left join {{ ref('stg_forms__options') }} as options
    on texts.form = options.form
    and texts.question = options.question
    and texts.code = options.code
where texts.code != ''
