-- For each record and column, the evidence that the record's values stand one column too far from there on: how much
-- likelier the record is (logarithm of the ratio) if every value after that column belongs to the column before it
-- (moved_right: a blank or half a text has come in at this column) or every value from it on to the column after it
-- (moved_left: its own has fallen out). How likely a kind of text is in a column is its share among the records of the form,
-- with a little of what the whole sheet holds. Only what the delivery says of itself.
with cells as (
    select * from {{ ref('ctl_record_cells') }}
),

counts as (
    select
        form,
        layout,
        header,
        kind,
        count(*) as cell_count
    from cells
    where is_data
    group by form, layout, header, kind
),

sizes as (
    select
        form,
        layout,
        header,
        sum(cell_count) as record_count
    from counts
    group by form, layout, header
),

layouts as (
    select
        form,
        layout,
        sum(cell_count) as cell_count
    from counts
    group by form, layout
),

shares as (
    select
        counts.form,
        counts.layout,
        counts.kind,
        sum(counts.cell_count) / cast(max(layouts.cell_count) as double) as share
    from counts
    inner join layouts
        on counts.form = layouts.form
        and counts.layout = layouts.layout
    group by counts.form, counts.layout, counts.kind
),

occurring as (
    select
        cells.place_id,
        cells.kind,
        cells.form,
        cells.layout,
        cells.header,
        cells.header_before,
        cells.header_after,
        -- What only rows hold that are no data.
        coalesce(max(shares.share), 0.0001) as share
    from cells
    left join shares
        on cells.form = shares.form
        and cells.layout = shares.layout
        and cells.kind = shares.kind
    group by
        cells.place_id, cells.kind, cells.form, cells.layout, cells.header, cells.header_before, cells.header_after
),

asked as (
    select
        place_id,
        kind,
        form,
        layout,
        share,
        'own' as role,
        header
    from occurring

    union all

    select
        place_id,
        kind,
        form,
        layout,
        share,
        'before' as role,
        header_before as header
    from occurring
    where header_before is not null

    union all

    select
        place_id,
        kind,
        form,
        layout,
        share,
        'after' as role,
        header_after as header
    from occurring
    where header_after is not null
),

likelihoods as (
    select
        asked.place_id,
        asked.kind,
        asked.share,
        asked.role,
        ln(
            (coalesce(counts.cell_count, 0) + {{ limit_of('columns_prior_records') }} * asked.share)
            / (sizes.record_count + {{ limit_of('columns_prior_records') }})
        ) as likelihood
    from asked
    inner join sizes
        on asked.form = sizes.form
        and asked.layout = sizes.layout
        and asked.header = sizes.header
    left join counts
        on asked.form = counts.form
        and asked.layout = counts.layout
        and asked.header = counts.header
        and asked.kind = counts.kind
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
        -- Where a value came in or fell out mostly nothing stands, else anything that the sheet holds.
        ln(
            case when kind = 'blank' then {{ limit_of('columns_left_blank') }} else 0 end
            + (1 - {{ limit_of('columns_left_blank') }}) * share
        ) - own as left_behind
    from beside
),

gained as (
    select
        cells.record_id,
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
    record_id,
    column_number,
    place_id,
    case when not is_last then round(left_behind - from_before + sum(from_before) over from_the_end, 6) end as moved_right,
    case when not is_last then round(sum(from_after) over from_the_end, 6) end as moved_left
from gained
window from_the_end as (
    partition by record_id
    order by column_number desc
    rows between unbounded preceding and current row
)
