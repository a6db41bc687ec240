with identifiers as (
    select * from {{ ref('int_row_identifiers') }}
),

layouts as (
    select
        form,
        layout,
        bool_or(role = 'code') as has_codes
    from {{ ref('stg_forms__identifiers') }}
    where role in ('code', 'name')
    group by form, layout
),

parts as (
    select
        time_period,
        unit_code
    from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

divided as (
    select distinct
        time_period,
        municipality_code
    from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

names as (
    select * from {{ ref('int_named_units') }}
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

delivered as (
    select
        fates.row_key,
        fates.form,
        fates.layout,
        forms.time_period,
        forms.units,
        layouts.has_codes,
        coalesce(identifiers.has_other_units, false) as has_other_units,
        coalesce(identifiers.part_name_text, identifiers.name_text) as name_text,
        identifiers.stratum,
        identifiers.code_text,
        {{ code_of_part('identifiers.code_text', 'identifiers.part_code_text') }} as part_code,
        {{ code_of_municipality('identifiers.code_text') }} as municipality_code
    from {{ ref('int_row_fates') }} as fates
    inner join {{ ref('stg_forms__forms') }} as forms
        on fates.form = forms.form
    inner join layouts
        on fates.form = layouts.form
        and fates.layout = layouts.layout
    left join identifiers
        on fates.row_key = identifiers.row_key
    where fates.ignored_reason is null
),

texts as (
    select
        *,
        case when not has_codes then {{ full_unit_name('name_text') }} end as full_name,
        case when not has_codes then {{ comparable_unit_name('name_text') }} end as plain_name
    from delivered
),

named as (
    -- A name with its county in brackets is more precise than one without.
    select
        texts.*,
        coalesce(full_names.unit_code, plain_names.unit_code) as named_code,
        coalesce(full_names.unit_count, plain_names.unit_count, 0) as named_count
    from texts
    left join names as full_names
        on texts.time_period = full_names.time_period
        and texts.full_name = full_names.name
    left join names as plain_names
        on texts.time_period = plain_names.time_period
        and texts.plain_name = plain_names.name
),

found as (
    select
        named.*,
        case
            when named.units = 'anonymous' then named.code_text
            when not named.has_codes then case when named.named_count = 1 then named.named_code end
            when named.part_code is not null then parts.unit_code
            when successors.successor_count = 1 then successors.successor_code
        end as unit_code,
        case
            when named.units = 'anonymous' then case when named.code_text is null then 'no_unit' end
            when named.has_other_units then 'several_units'
            when not named.has_codes
                then
                    case
                        when named.full_name is null then 'no_unit'
                        when named.named_count = 0 then 'unknown_name'
                        when named.named_count > 1 then 'several_names'
                    end
            when named.part_code is not null then case when parts.unit_code is null then 'unknown_unit' end
            when named.municipality_code is null then 'no_unit'
            when successors.successor_code is null then 'unknown_unit'
            when successors.successor_count > 1 then 'split_unit'
        end as rejected_reason
    from named
    left join parts
        on named.time_period = parts.time_period
        and named.part_code = parts.unit_code
    left join successors
        on named.time_period = successors.time_period
        and named.municipality_code = successors.code
)

select
    found.row_key,
    found.form,
    found.layout,
    found.time_period,
    found.stratum,
    found.name_text as name_delivered,
    case
        when found.units = 'anonymous' then found.code_text
        else coalesce(found.part_code, found.municipality_code)
    end as code_delivered,
    case when found.rejected_reason is null and divided.municipality_code is null then found.unit_code end as unit_code,
    -- Where the parts of a municipality report for themselves, the municipality is not a unit.
    coalesce(
        found.rejected_reason,
        case when divided.municipality_code is not null then 'divided_unit' end
    ) as rejected_reason
from found
left join divided
    on found.time_period = divided.time_period
    and found.unit_code = divided.municipality_code
    and found.units = 'municipalities'
