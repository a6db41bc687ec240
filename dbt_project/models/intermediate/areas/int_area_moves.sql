with areas as (
    select
        time_period,
        unit_level,
        unit_code,
        member_code
    from {{ ref('int_unit_areas') }}
    -- The country contains all territory, and a size group is not a place.
    where unit_level in ('municipality', 'county', 'hf_area', 'health_region')
),

places as (
    select distinct
        time_period,
        unit_level,
        unit_code
    from areas
),

lasting as (
    -- A new code has no previous year to compare with.
    select
        places.time_period,
        places.unit_level,
        places.unit_code
    from places
    inner join places as earlier
        on places.time_period = earlier.time_period + 1
        and places.unit_level = earlier.unit_level
        and places.unit_code = earlier.unit_code
),

ways as (
    select
        target_period as time_period,
        unit_code as member_before,
        successor_code as member_after
    from {{ ref('int_unit_successors') }}
    where target_period = time_period + 1
),

places_before as (
    select
        ways.*,
        areas.unit_level,
        areas.unit_code
    from ways
    inner join areas
        on ways.time_period = areas.time_period + 1
        and ways.member_before = areas.member_code
),

places_after as (
    select
        ways.*,
        areas.unit_level,
        areas.unit_code
    from ways
    inner join areas
        on ways.time_period = areas.time_period
        and ways.member_after = areas.member_code
),

moves as (
    select
        coalesce(places_after.time_period, places_before.time_period) as time_period,
        coalesce(places_after.unit_level, places_before.unit_level) as unit_level,
        coalesce(places_after.unit_code, places_before.unit_code) as unit_code,
        coalesce(places_after.member_before, places_before.member_before) as member_before,
        coalesce(places_after.member_after, places_before.member_after) as member_after,
        places_after.unit_code is not null as is_gained
    from places_before
    full outer join places_after
        on places_before.time_period = places_after.time_period
        and places_before.unit_level = places_after.unit_level
        and places_before.unit_code = places_after.unit_code
        and places_before.member_before = places_after.member_before
        and places_before.member_after = places_after.member_after
    where places_before.unit_code is null or places_after.unit_code is null
)

select
    moves.time_period,
    moves.unit_level,
    moves.unit_code,
    moves.member_before,
    moves.member_after,
    moves.is_gained
from moves
inner join lasting
    on moves.time_period = lasting.time_period
    and moves.unit_level = lasting.unit_level
    and moves.unit_code = lasting.unit_code
