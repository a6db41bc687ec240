with members as (
    select * from {{ ref('int_area_members') }}
),

units as (
    select * from {{ ref('int_fte__unit') }}
),

pieces as (
    select * from {{ ref('int_fte__piece') }}
),

held_pieces as (
    select
        members.area_basis,
        members.unit_level,
        members.unit_code as area_code,
        members.counts_as_unit,
        pieces.*
    from members
    inner join pieces
        on members.time_period = pieces.time_period
        and members.member_code = pieces.unit_code
        and members.piece_code = pieces.piece_code
),

parts as (
    select
        members.area_basis,
        members.unit_level,
        members.unit_code as area_code,
        members.counts_as_unit,
        units.*
    from members
    inner join units
        on members.time_period = units.time_period
        and members.member_code = units.unit_code
    where members.piece_code is null

    union all

    select
        area_basis,
        unit_level,
        area_code,
        counts_as_unit,
        time_period,
        unit_code,
        question,
        target_group,
        category,
        fte,
        fte_carried_forward,
        is_carried_forward,
        carried_from,
        is_confirmed,
        is_from_constructed,
        is_rejected,
        is_half_missing,
        is_corrected,
        is_estimated,
        is_weight_estimated,
        is_weight_missing
    from held_pieces
)

select
    time_period,
    area_basis,
    unit_level,
    area_code as unit_code,
    question,
    target_group,
    category,
    case when not bool_or(is_weight_missing) then {{ exact('sum(fte)') }} end as fte,
    case when not bool_or(is_weight_missing) then {{ exact('sum(fte_carried_forward)') }} end as fte_carried_forward,
    -- A unit that only carries forward what it reported before did not answer.
    sum(case when counts_as_unit and fte is not null and not is_carried_forward then 1 else 0 end) as units_answered,
    sum(case when counts_as_unit then 1 else 0 end) as units_with_cells,
    bool_or(is_carried_forward) as is_carried_forward,
    min(carried_from) as carried_from,
    bool_or(is_confirmed) as is_confirmed,
    bool_or(is_from_constructed) as is_from_constructed,
    bool_or(is_rejected) as is_rejected,
    bool_or(is_half_missing) as is_half_missing,
    bool_or(is_corrected) as is_corrected,
    bool_or(is_estimated) as is_estimated,
    bool_or(is_weight_estimated) as is_weight_estimated,
    bool_or(is_weight_missing) as is_weight_missing
from parts
group by time_period, area_basis, unit_level, area_code, question, target_group, category
