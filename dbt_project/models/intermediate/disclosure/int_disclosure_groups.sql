with unit_sets as (
    select distinct
        time_period,
        unit_set
    from {{ ref('int_disclosure_tables') }}
),

single_municipalities as (
    select
        area_basis,
        time_period,
        unit_code
    from {{ ref('int_areas') }}
    where unit_level = 'county' and units_municipalities = 1 and units_with_districts > 1
)

select
    groups.time_period,
    groups.unit_set,
    groups.area_basis,
    groups.unit_level,
    groups.unit_code,
    groups.members,
    groups.members_sha256,
    single_municipalities.unit_code is not null as is_public
from {{ ref('int_unit_set_groups') }} as groups
inner join unit_sets
    on groups.time_period = unit_sets.time_period
    and groups.unit_set = unit_sets.unit_set
left join single_municipalities
    on groups.unit_set = 'municipalities'
    and groups.unit_level = 'county'
    and groups.area_basis = single_municipalities.area_basis
    and groups.time_period = single_municipalities.time_period
    and groups.unit_code = single_municipalities.unit_code

union all

-- The answer of a divided municipality as one unit is public where it is a county of its own, even where areas count its
-- districts.
select distinct
    units.time_period,
    unit_sets.unit_set,
    single_municipalities.area_basis,
    'municipality' as unit_level,
    units.municipality_code as unit_code,
    units.municipality_code as members,
    {{ text_hash('units.municipality_code') }} as members_sha256,
    true as is_public
from {{ ref('int_units') }} as units
inner join single_municipalities
    on single_municipalities.area_basis = 'reported'
    and units.time_period = single_municipalities.time_period
    and units.county_code = single_municipalities.unit_code
inner join unit_sets
    on unit_sets.unit_set = 'by_level'
    and units.time_period = unit_sets.time_period
