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
        -- Kinds of text that occur only in rows that are not data.
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
)

select
    asked.place_id,
    asked.kind,
    asked.role,
    asked.share,
    coalesce(counts.cell_count, 0) as cell_count,
    sizes.record_count
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
