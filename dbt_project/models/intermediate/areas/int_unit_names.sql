with municipality_names as (
    select
        municipality_code as unit_code,
        {{ each_of(list_of(['municipality_name', 'name_plain', 'official_name'])) }} as name
    from {{ ref('stg_reference__municipalities') }}
    union
    select
        new_code as unit_code,
        new_name as name
    from {{ ref('stg_reference__municipality_changes') }}
    union
    select
        old_code as unit_code,
        old_name as name
    from {{ ref('stg_reference__municipality_changes') }}
),

names as (
    select * from municipality_names
    union
    select
        unit_code,
        unit_name as name
    from {{ ref('int_units') }}
    where unit_level in ('city_district', 'agency')
),

single_forms as (
    select
        unit_code,
        name
    from names
    union
    select
        unit_code,
        {{ each_of(parts_between('name', ' ?[-/] | ?/ ?')) }} as name
    from names
)

select
    unit_code,
    {{ comparable_unit_name('name') }} as name
from single_forms
where {{ comparable_unit_name('name') }} != ''

union

select
    unit_code,
    {{ full_unit_name('name') }} as name
from single_forms
where {{ comparable_unit_name('name') }} != ''
