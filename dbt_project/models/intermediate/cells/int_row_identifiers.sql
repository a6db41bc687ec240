-- What identifies each row of data: the texts of its unit and submission. Of several columns for the same role the
-- first that holds something counts; a unit's code is the digits at the start of its text. What the file itself declares
-- missing identifies nothing.
with cells as (
    select * from {{ ref('stg_raw__cells') }}
    where is_below_header and text != '' and is_declared_missing is not true
),

identifiers as (
    -- Sheets of the same layout may try the same columns in another order.
    select
        form,
        layout,
        role,
        header,
        max(priority) as priority
    from {{ source('forms', 'identifiers') }}
    group by form, layout, role, header
),

texts as (
    select
        cells.form,
        cells.file,
        cells.sheet,
        cells.layout,
        cells.row_number,
        identifiers.role,
        case
            when forms.units = 'anonymous' then cells.text
            when identifiers.role = 'code' then nullif(regexp_extract(cells.text, '^[0-9]+', 0), '')
            -- A part's code of zeros only says that there is no part.
            when identifiers.role = 'part_code'
                then nullif(nullif(regexp_extract(cells.text, '^[0-9]+', 0), ''), regexp_extract(cells.text, '^0+$', 0))
            when identifiers.role in ('name', 'part_name') then nullif(regexp_replace(cells.text, '^[0-9]+ *', ''), '')
            when identifiers.role in ('id', 'status') then {{ code_text('cells.text') }}
            else cells.text
        end as text,
        identifiers.priority
    from cells
    inner join {{ ref('stg_forms__forms') }} as forms
        on cells.form = forms.form
    inner join identifiers
        on cells.form = identifiers.form
        and cells.layout = identifiers.layout
        and cells.header = identifiers.header
),

first_texts as (
    select
        *,
        row_number() over (
            partition by form, file, sheet, layout, row_number, role
            order by priority, text
        ) as choice
    from texts
    where text is not null
)

select
    form,
    file,
    sheet,
    layout,
    row_number,
    max(case when role = 'code' then text end) as code_text,
    max(case when role = 'name' then text end) as name_text,
    max(case when role = 'part_code' then text end) as part_code_text,
    max(case when role = 'part_name' then text end) as part_name_text,
    max(case when role = 'stratum' then text end) as stratum,
    max(case when role = 'id' then text end) as submission_id,
    max(case when role = 'submitted' then text end) as submitted_text,
    max(case when role = 'status' then text end) as status_text
from first_texts
where choice = 1
group by form, file, sheet, layout, row_number
