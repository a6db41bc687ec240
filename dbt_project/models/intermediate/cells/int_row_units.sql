-- The unit of each row of data, in the boundaries of the year described: its code, or why there is none. District and agency
-- codes win over the municipality's. A lost leading zero is restored.
with identifiers as (
    select * from {{ ref('int_row_identifiers') }}
),

forms as (
    select * from {{ ref('stg_forms__forms') }}
),

layouts as (
    select distinct
        form,
        layout
    from {{ source('forms', 'identifiers') }}
    where role = 'code'
),

parts as (
    select
        time_period,
        unit_code
    from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

successors as (
    select
        code,
        time_period,
        min(successor_code) as successor_code,
        count(*) as successor_count
    from {{ ref('int_code_successors') }}
    group by code, time_period
),

rows_of_data as (
    select fates.*
    from {{ ref('int_row_fates') }} as fates
    inner join layouts
        on fates.form = layouts.form
        and fates.layout = layouts.layout
    where fates.ignored_reason is null
),

codes as (
    select
        rows_of_data.form,
        rows_of_data.file,
        rows_of_data.sheet,
        rows_of_data.layout,
        rows_of_data.row_number,
        forms.time_period,
        forms.units,
        identifiers.name_text,
        identifiers.part_name_text,
        identifiers.stratum,
        identifiers.code_text,
        case
            when length(identifiers.part_code_text) <= 2 and length(identifiers.code_text) <= 4
                then lpad(identifiers.code_text, 4, '0') || lpad(identifiers.part_code_text, 2, '0')
            when length(identifiers.part_code_text) <= 6 then lpad(identifiers.part_code_text, 6, '0')
            when length(identifiers.code_text) in (5, 6) then lpad(identifiers.code_text, 6, '0')
        end as part_code,
        case when length(identifiers.code_text) <= 4 then lpad(identifiers.code_text, 4, '0') end as municipality_code
    from rows_of_data
    inner join forms
        on rows_of_data.form = forms.form
    left join identifiers
        on rows_of_data.form = identifiers.form
        and rows_of_data.file = identifiers.file
        and rows_of_data.sheet = identifiers.sheet
        and rows_of_data.layout = identifiers.layout
        and rows_of_data.row_number = identifiers.row_number
)

select
    codes.form,
    codes.file,
    codes.sheet,
    codes.layout,
    codes.row_number,
    codes.time_period,
    codes.stratum,
    coalesce(codes.part_name_text, codes.name_text) as name_delivered,
    case
        when codes.units = 'anonymous' then codes.code_text
        else coalesce(codes.part_code, codes.municipality_code)
    end as code_delivered,
    case
        when codes.units = 'anonymous' then codes.code_text
        when codes.part_code is not null then parts.unit_code
        when successors.successor_count = 1 then successors.successor_code
    end as unit_code,
    case
        when codes.units = 'anonymous' then case when codes.code_text is null then 'no_unit' end
        when codes.part_code is not null then case when parts.unit_code is null then 'unknown_unit' end
        when codes.municipality_code is null then 'no_unit'
        when successors.successor_code is null then 'unknown_unit'
        when successors.successor_count > 1 then 'split_unit'
    end as rejected_reason
from codes
left join parts
    on codes.time_period = parts.time_period
    and codes.part_code = parts.unit_code
left join successors
    on codes.time_period = successors.time_period
    and codes.municipality_code = successors.code
