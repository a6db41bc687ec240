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
    from {{ ref('stg_forms__identifiers') }}
    group by form, layout, role, header
),

unit_texts as (
    select * from {{ ref('int_unit_texts') }}
),

texts as (
    select
        cells.row_key,
        identifiers.role,
        cells.text as text_delivered,
        case
            when forms.units = 'anonymous' then cells.text
            when identifiers.role in ('code', 'part_code') then unit_texts.code
            when identifiers.role in ('name', 'part_name') then unit_texts.name
            when identifiers.role in ('id', 'status') then {{ code_text('cells.text') }}
            else cells.text
        end as text,
        coalesce(unit_texts.has_others, false) as has_others,
        identifiers.priority
    from cells
    inner join {{ ref('stg_forms__forms') }} as forms
        on cells.form = forms.form
    inner join identifiers
        on cells.form = identifiers.form
        and cells.layout = identifiers.layout
        and cells.header = identifiers.header
    left join unit_texts
        on cells.form = unit_texts.form
        and cells.layout = unit_texts.layout
        and identifiers.role = unit_texts.role
        and cells.text = unit_texts.text
),

first_texts as (
    select
        *,
        row_number() over (partition by row_key, role order by priority, text) as choice
    from texts
    where text is not null
)

select
    row_key,
    max(case when role = 'code' then text end) as code_text,
    max(case when role = 'name' then text end) as name_text,
    max(case when role = 'part_code' then text end) as part_code_text,
    max(case when role = 'part_name' then text end) as part_name_text,
    max(case when role = 'stratum' then text end) as stratum,
    max(case when role = 'id' then text end) as submission_id,
    max(case when role = 'submitted' then text end) as submitted_text,
    max(case when role = 'status' then text end) as status_text,
    bool_or(has_others) as has_other_units,
    coalesce(
        max(case when role = 'part_code' then text_delivered end),
        max(case when role = 'code' then text_delivered end),
        max(case when role in ('name', 'part_name') then text_delivered end)
    ) as unit_delivered
from first_texts
where choice = 1
group by row_key
