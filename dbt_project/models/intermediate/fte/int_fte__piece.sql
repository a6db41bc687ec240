with members as (
    select distinct
        time_period,
        member_code,
        piece_code
    from {{ ref('int_area_members') }}
    where piece_code is not null
),

pieces as (
    select * from {{ ref('int_unit_pieces') }}
    where piece_count > 1
),

cells as (
    select
        time_period,
        unit_code,
        question,
        target_group,
        category,
        {{ exact('sum(fte)') }} as fte,
        {{ exact('sum(fte_carried_forward)') }} as fte_carried_forward,
        bool_or(is_carried_forward) as is_carried_forward,
        min(carried_from) as carried_from,
        bool_or(is_confirmed) as is_confirmed,
        bool_or(is_from_constructed) as is_from_constructed,
        bool_or(is_rejected) as is_rejected,
        bool_or(is_half_missing) as is_half_missing,
        bool_or(is_corrected) as is_corrected,
        bool_or(is_weight_estimated) as is_weight_estimated
    from {{ ref('int_fte_cells') }}
    group by time_period, unit_code, question, target_group, category
),

shares as (
    select
        cells.*,
        pieces.piece_code,
        pieces.is_last,
        pieces.is_weight_estimated as is_piece_estimated,
        {{ exact('cells.fte * ' ~ weight_of('cells.target_group', 'pieces')) }}
            as share,
        {{ exact('cells.fte_carried_forward * ' ~ weight_of('cells.target_group', 'pieces')) }}
            as share_carried_forward
    from cells
    inner join pieces
        on cells.time_period = pieces.time_period
        and cells.unit_code = pieces.unit_code
),

rests as (
    select
        *,
        fte - coalesce(sum(case when not is_last then share end) over cell, 0) as rest,
        fte_carried_forward - coalesce(sum(case when not is_last then share_carried_forward end) over cell, 0)
            as rest_carried_forward,
        -- If another piece is unknown, the last one has its own share, not the whole rest.
        is_last and bool_and(share is not null) over cell as takes_rest
    from shares
    window cell as (partition by time_period, unit_code, question, target_group, category)
),

parts as (
    select
        rests.time_period,
        rests.unit_code,
        rests.piece_code,
        rests.question,
        rests.target_group,
        rests.category,
        case when rests.takes_rest then rests.rest else rests.share end as fte,
        case when rests.takes_rest then rests.rest_carried_forward else rests.share_carried_forward end
            as fte_carried_forward,
        rests.is_carried_forward,
        rests.carried_from,
        rests.is_confirmed,
        rests.is_from_constructed,
        rests.is_rejected,
        rests.is_half_missing,
        rests.is_corrected,
        true as is_estimated,
        rests.is_weight_estimated or rests.is_piece_estimated as is_weight_estimated,
        rests.fte is not null and rests.share is null as is_weight_missing
    from rests
    inner join members
        on rests.time_period = members.time_period
        and rests.unit_code = members.member_code
        and rests.piece_code = members.piece_code
)

{{ fte_with_totals('parts', ['time_period', 'unit_code', 'piece_code']) }}
