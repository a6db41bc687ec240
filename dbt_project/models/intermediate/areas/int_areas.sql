with populations as (
    select * from {{ ref('int_area_member_populations') }}
)

select
    time_period,
    area_basis,
    unit_level,
    unit_code,
    min(unit_name) as unit_name,
    case when not bool_or(is_unknown) then {{ exact('sum(population_under_18)') }} end as population_under_18,
    case when not bool_or(is_unknown) then {{ exact('sum(population_18_plus)') }} end as population_18_plus,
    bool_or(is_piece) as has_pieces,
    count(distinct municipality_code) as units_municipalities,
    count(distinct case when member_level in ('municipality', 'city_district') then member_code end) as units_with_districts,
    count(distinct case when member_level in ('municipality', 'city_district', 'agency') then member_code end)
        as units_with_agencies
from populations
group by time_period, area_basis, unit_level, unit_code
