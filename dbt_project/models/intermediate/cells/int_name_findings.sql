with row_units as (
    select * from {{ ref('int_row_units') }}
    where name_delivered is not null and unit_code is not null
),

forms as (
    select form from {{ ref('stg_forms__forms') }}
    where units = 'municipalities'
),

named as (
    select
        row_units.row_key,
        row_units.time_period,
        row_units.code_delivered,
        row_units.unit_code,
        row_units.name_delivered,
        {{ comparable_unit_name('row_units.name_delivered') }} as name
    from row_units
    inner join forms
        on row_units.form = forms.form
),

possible_codes as (
    -- A row may give a district or agency the name of its municipality.
    select
        row_key,
        name,
        {{ each_of(list_of(['unit_code', 'code_delivered', 'substr(unit_code, 1, 4)'])) }} as code
    from named
),

confirmed as (
    select distinct possible_codes.row_key
    from possible_codes
    inner join {{ ref('int_unit_names') }} as names
        on possible_codes.name = names.name
        and possible_codes.code = names.unit_code
)

select
    named.row_key,
    delivered.form,
    delivered.file,
    delivered.sheet,
    delivered.row_number,
    named.time_period,
    named.code_delivered,
    named.unit_code,
    named.name_delivered
from named
inner join {{ ref('stg_raw__rows') }} as delivered
    on named.row_key = delivered.row_key
left join confirmed
    on named.row_key = confirmed.row_key
where confirmed.row_key is null
