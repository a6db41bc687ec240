with members as (
    select * from {{ ref('int_area_members') }}
    where unit_level in ('country', 'health_region', 'hf_area', 'county', 'size_group') and piece_code is null
),

units as (
    select * from {{ ref('int_units') }}
),

district_group as (
    select
        code,
        label_nb
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'size_group' and code = 'oslo_districts'
),

reporting_units as (
    select
        members.time_period,
        members.area_basis,
        members.unit_level,
        case
            when members.unit_level = 'size_group' and units.unit_level != 'municipality' then district_group.code
            else members.unit_code
        end as unit_code,
        case
            when members.unit_level = 'size_group' and units.unit_level != 'municipality' then district_group.label_nb
            else members.unit_name
        end as unit_name,
        units.unit_code as member_code,
        units.unit_level as member_level
    from members
    inner join units
        on members.time_period = units.time_period
        and members.member_code = units.unit_code
    cross join district_group
    where units.unit_level != 'remainder'
),

municipality_sizes as (
    select
        time_period,
        municipality_code,
        count(*) as unit_count
    from units
    group by time_period, municipality_code
),

municipalities as (
    select
        members.time_period,
        members.area_basis,
        members.unit_level,
        members.unit_code,
        min(members.unit_name) as unit_name,
        units.municipality_code as member_code
    from members
    inner join units
        on members.time_period = units.time_period
        and members.member_code = units.unit_code
    inner join municipality_sizes
        on units.time_period = municipality_sizes.time_period
        and units.municipality_code = municipality_sizes.municipality_code
    group by members.time_period, members.area_basis, members.unit_level, members.unit_code, units.municipality_code
    having count(*) = max(municipality_sizes.unit_count)
)

select
    time_period,
    area_basis,
    'municipalities' as unit_set,
    unit_level,
    unit_code,
    unit_name,
    member_code
from municipalities

union all

select
    reporting_units.time_period,
    reporting_units.area_basis,
    unit_sets.unit_set,
    reporting_units.unit_level,
    reporting_units.unit_code,
    reporting_units.unit_name,
    reporting_units.member_code
from reporting_units
inner join (values ('with_districts'), ('with_agencies')) as unit_sets (unit_set)
    on unit_sets.unit_set = 'with_agencies' or reporting_units.member_level != 'agency'

union all

-- As the reports count: a divided municipality is one unit in the country and its size group, and its districts by area.
select
    time_period,
    area_basis,
    'by_level' as unit_set,
    unit_level,
    unit_code,
    unit_name,
    member_code
from municipalities
where unit_level in ('country', 'size_group')

union all

select
    time_period,
    area_basis,
    'by_level' as unit_set,
    unit_level,
    unit_code,
    unit_name,
    member_code
from reporting_units
where member_level != 'agency' and unit_level in ('county', 'hf_area', 'health_region')
