with columns as (
    select * from {{ ref('stg_forms__columns') }}
    where use = 'answer' and type = 'codes'
),

parts as (
    select
        cells.row_key,
        cells.column_number,
        columns.form,
        columns.question,
        {{ each_of(parts_by('cells.text_delivered', 'columns.separator')) }} as part
    from columns
    inner join {{ ref('stg_raw__cells') }} as cells
        on columns.form = cells.form
        and columns.layout = cells.layout
        and columns.header = cells.header
        and cells.is_below_header
    inner join {{ ref('int_cell_maps') }} as maps
        on cells.row_key = maps.row_key
        and cells.column_number = maps.column_number
        and columns.line = maps.line
    where cells.text != ''
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
