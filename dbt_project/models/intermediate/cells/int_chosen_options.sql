-- The options that were chosen in cells that hold several of them: one row a part of the text between separators, with what
-- the option list says of it.
with columns as (
    select * from {{ ref('stg_forms__columns') }}
    where use = 'answer' and type = 'codes'
),

parts as (
    select
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        cells.column_number,
        columns.question,
        {{ each_of(parts_by('cells.text_delivered', 'columns.separator')) }} as part
    from columns
    inner join {{ ref('stg_raw__cells') }} as cells
        on columns.form = cells.form
        and columns.layout = cells.layout
        and columns.header = cells.header
        and cells.is_below_header
    inner join {{ ref('int_cell_maps') }} as maps
        on cells.form = maps.form
        and cells.file = maps.file
        and cells.sheet = maps.sheet
        and cells.layout = maps.layout
        and cells.row_number = maps.row_number
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
    texts.form,
    texts.file,
    texts.sheet,
    texts.layout,
    texts.row_number,
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
