-- Rows whose name contradicts their code: the code decides, and the contradiction is reported.
with row_units as (
    select * from {{ ref('int_row_units') }}
    where name_delivered is not null and unit_code is not null
),

forms as (
    select form from {{ ref('stg_forms__forms') }}
    where units = 'municipalities'
),

names as (
    select * from {{ ref('int_unit_names') }}
)

select
    row_units.form,
    row_units.file,
    row_units.sheet,
    row_units.row_number,
    row_units.time_period,
    row_units.code_delivered,
    row_units.unit_code,
    row_units.name_delivered
from row_units
inner join forms
    on row_units.form = forms.form
left join names
    on {{ comparable_name('row_units.name_delivered') }} = names.name
    -- A district or agency may stand under the name of its municipality.
    and names.unit_code in (row_units.unit_code, row_units.code_delivered, substr(row_units.unit_code, 1, 4))
where names.unit_code is null
