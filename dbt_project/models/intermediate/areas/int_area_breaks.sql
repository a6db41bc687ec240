with moves as (
    select * from {{ ref('int_area_moves') }}
),

units as (
    select
        time_period,
        unit_code,
        unit_name
    from {{ ref('int_units') }}
),

labels as (
    select
        code,
        sort_order,
        label_nb,
        label_en
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'area_move'
),

named as (
    select distinct
        moves.time_period,
        moves.unit_level,
        moves.unit_code,
        labels.code as move,
        labels.sort_order,
        labels.label_nb,
        labels.label_en,
        moves.member_before as member_code,
        units.unit_name || ' (' || moves.member_before || ')' as member_name
    from moves
    inner join labels
        on labels.code = case when moves.is_gained then 'joined' else 'left' end
    inner join units
        on moves.time_period = units.time_period + 1
        and moves.member_before = units.unit_code
),

parts as (
    select
        time_period,
        unit_level,
        unit_code,
        move,
        sort_order,
        label_nb,
        label_en,
        {{ joined('member_code', ';', 'member_code') }} as members,
        {{ joined('member_name', ', ', 'member_code') }} as names
    from named
    group by time_period, unit_level, unit_code, move, sort_order, label_nb, label_en
)

select
    time_period,
    unit_level,
    unit_code,
    max(case when move = 'joined' then members end) as members_joined,
    max(case when move = 'left' then members end) as members_left,
    {{ joined("label_nb || ': ' || names || '.'", ' ', 'sort_order') }} as description_nb,
    {{ joined("label_en || ': ' || names || '.'", ' ', 'sort_order') }} as description_en
from parts
group by time_period, unit_level, unit_code
