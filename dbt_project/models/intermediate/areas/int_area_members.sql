with unit_areas as (
    select * from {{ ref('int_unit_areas') }}
),

units as (
    select * from {{ ref('int_units') }}
),

pieces as (
    select * from {{ ref('int_unit_pieces') }}
),

newest as (
    select * from {{ ref('int_newest_period') }}
),

size_group_names as (
    select
        code,
        label_nb
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'size_group'
),

pieces_by_place as (
    select
        pieces.time_period,
        unit_areas.unit_level,
        unit_areas.unit_code,
        unit_areas.unit_name,
        pieces.unit_code as member_code,
        pieces.piece_code,
        pieces.piece_count
    from pieces
    cross join newest
    inner join unit_areas
        on newest.newest_period = unit_areas.time_period
        and pieces.piece_code = unit_areas.member_code
    inner join units
        on pieces.time_period = units.time_period
        and pieces.unit_code = units.unit_code
    where
        -- Size groups are left out here: they follow the population of the year.
        unit_areas.unit_level != 'size_group'
        -- Parts of a municipality are areas only in years in which they report for themselves.
        and (unit_areas.unit_level not in ('city_district', 'agency') or unit_areas.unit_level = units.unit_level)
),

pieces_by_size as (
    select
        pieces.time_period,
        'size_group' as unit_level,
        size_groups.size_group as unit_code,
        size_group_names.label_nb as unit_name,
        pieces.unit_code as member_code,
        pieces.piece_code,
        pieces.piece_count
    from pieces
    cross join newest
    inner join units
        on newest.newest_period = units.time_period
        and pieces.piece_code = units.unit_code
    inner join {{ ref('int_current_size_groups') }} as size_groups
        on pieces.time_period = size_groups.time_period
        and units.municipality_code = size_groups.municipality_code
    inner join size_group_names
        on size_groups.size_group = size_group_names.code
),

current_pieces as (
    select
        *,
        count(*) over member = piece_count as holds_all,
        piece_code = min(piece_code) over member as is_first
    from (
        select * from pieces_by_place
        union all
        select * from pieces_by_size
    ) as all_pieces
    window member as (partition by time_period, unit_level, unit_code, member_code)
)

select
    time_period,
    'reported' as area_basis,
    unit_level,
    unit_code,
    unit_name,
    member_code,
    cast(null as string) as piece_code,
    true as counts_as_unit
from unit_areas

union all

select distinct
    time_period,
    'current' as area_basis,
    unit_level,
    unit_code,
    unit_name,
    member_code,
    case when not holds_all then piece_code end as piece_code,
    holds_all or is_first as counts_as_unit
from current_pieces
