with cells as (
    select * from {{ ref('stg_raw__cells') }}
    where is_below_header
),

records as (
    select * from {{ ref('ctl_records') }}
),

columns as (
    select
        sheet_key,
        form,
        layout,
        column_number,
        header,
        lag(header) over sheet_columns as header_before,
        lead(header) over sheet_columns as header_after
    from {{ ref('stg_raw__columns') }}
    window sheet_columns as (partition by sheet_key order by column_number)
),

places as (
    select
        *,
        dense_rank() over (
            order by form, layout, header, coalesce(header_before, ''), coalesce(header_after, '')
        ) as place_id
    from columns
),

record_counts as (
    select
        form,
        layout,
        count(*) as record_count
    from records
    where is_data
    group by form, layout
),

texts as (
    select
        form,
        layout,
        header,
        text,
        count(*) as cell_count
    from cells
    group by form, layout, header, text
),

words as (
    -- Texts that are frequent in a column, such as labels of answers or names of counties.
    select distinct
        texts.form,
        texts.layout,
        texts.text
    from texts
    inner join record_counts
        on texts.form = record_counts.form
        and texts.layout = record_counts.layout
    where
        texts.cell_count >= {{ limit_of('columns_word_cells') }}
        and texts.cell_count >= {{ limit_of('columns_word_share') }} * record_counts.record_count
        and {{ matches_whole('texts.text', "'.*[A-Za-z].*'") }}
),

different_texts as (
    select distinct
        form,
        layout,
        text
    from texts
),

kinds as (
    select
        different_texts.form,
        different_texts.layout,
        different_texts.text,
        {{ kind_of('different_texts.text', 'words.text is not null') }} as kind
    from different_texts
    left join words
        on different_texts.form = words.form
        and different_texts.layout = words.layout
        and different_texts.text = words.text
)

select
    records.row_key,
    records.form,
    records.layout,
    records.is_data,
    places.column_number,
    places.place_id,
    places.header,
    places.header_before,
    places.header_after,
    coalesce(kinds.kind, 'blank') as kind
from records
inner join places
    on records.sheet_key = places.sheet_key
left join cells
    on records.row_key = cells.row_key
    and places.column_number = cells.column_number
left join kinds
    on cells.form = kinds.form
    and cells.layout = kinds.layout
    and cells.text = kinds.text
