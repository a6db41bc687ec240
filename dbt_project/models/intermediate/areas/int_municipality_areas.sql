with areas as (
    select * from {{ ref('int_areas') }}
),

unit_areas as (
    select * from {{ ref('int_unit_areas') }}
),

units as (
    select * from {{ ref('int_units') }}
),

municipality_places as (
    select distinct
        unit_areas.time_period as map_period,
        unit_areas.unit_level,
        unit_areas.unit_code,
        units.municipality_code
    from unit_areas
    inner join units
        on unit_areas.time_period = units.time_period
        and unit_areas.member_code = units.unit_code
    where unit_areas.unit_level in ('country', 'health_region', 'county', 'size_group')

    union all

    select
        time_period as map_period,
        'kostra_group' as unit_level,
        kostra_group as unit_code,
        municipality_code
    from {{ ref('int_municipality_kostra_groups') }}
)

select
    map_period as time_period,
    'reported' as area_basis,
    unit_level,
    unit_code,
    municipality_code
from municipality_places

union all

select
    areas.time_period,
    'current' as area_basis,
    municipality_places.unit_level,
    municipality_places.unit_code,
    municipality_places.municipality_code
from municipality_places
inner join {{ ref('int_newest_period') }} as newest
    on municipality_places.map_period = newest.newest_period
inner join areas
    on areas.area_basis = 'current'
    and areas.unit_level = 'municipality'
    and municipality_places.municipality_code = areas.unit_code
where municipality_places.unit_level != 'size_group'

union all

select
    time_period,
    'current' as area_basis,
    'size_group' as unit_level,
    size_group as unit_code,
    municipality_code
from {{ ref('int_current_size_groups') }}
