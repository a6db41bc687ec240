with cells as (
    select * from {{ ref('ctl_record_cells') }}
),

likelihoods as (
    select
        place_id,
        kind,
        share,
        role,
        ln(
            (cell_count + {{ limit_of('columns_prior_records') }} * share)
            / (record_count + {{ limit_of('columns_prior_records') }})
        ) as likelihood
    from {{ ref('ctl_kind_counts') }}
),

beside as (
    select
        place_id,
        kind,
        share,
        max(case when role = 'own' then likelihood end) as own,
        max(case when role = 'before' then likelihood end) as before_it,
        max(case when role = 'after' then likelihood end) as after_it
    from likelihoods
    group by place_id, kind, share
),

gains as (
    select
        place_id,
        kind,
        after_it is null as is_last,
        coalesce(before_it - own, 0) as from_before,
        coalesce(after_it - own, 0) as from_after,
        -- At the ends of a move the cell is usually blank, otherwise any text of the sheet.
        ln(
            case when kind = 'blank' then {{ limit_of('columns_left_blank') }} else 0 end
            + (1 - {{ limit_of('columns_left_blank') }}) * share
        ) - own as left_behind
    from beside
),

gained as (
    select
        cells.row_key,
        cells.column_number,
        cells.place_id,
        gains.is_last,
        gains.from_before,
        case when gains.is_last then gains.left_behind else gains.from_after end as from_after,
        gains.left_behind
    from cells
    inner join gains
        on cells.place_id = gains.place_id
        and cells.kind = gains.kind
)

select
    row_key,
    column_number,
    place_id,
    case when not is_last then round(left_behind - from_before + sum(from_before) over from_the_end, 6) end as moved_right,
    case when not is_last then round(sum(from_after) over from_the_end, 6) end as moved_left
from gained
window from_the_end as (
    partition by row_key
    order by column_number desc
    rows between unbounded preceding and current row
)
