-- What is said of every question without a weakness of its own is said of each.
with own as (
    select * from {{ ref('stg_indicators__definitions') }}
    where subject != '*'
),

questions as (
    select distinct periods.indicator as subject
    from {{ ref('mart_indicator_periods') }} as periods
    left join {{ ref('stg_indicators__indicators') }} as labels
        on periods.indicator = labels.indicator
    where coalesce(labels.scale, '') not in ('fte', 'nok')
),

of_every_question as (
    select
        questions.subject,
        said.kind,
        said.item,
        said.sort_order,
        said.state,
        said.is_table_note,
        said.text_nb,
        said.text_en,
        said.source_nb,
        said.source_en,
        said.page
    from questions
    cross join {{ ref('stg_indicators__definitions') }} as said
    where
        said.subject = '*'
        and not exists (
            select 1 from own
            where own.subject = questions.subject and own.kind = said.kind
        )
)

select
    subject,
    kind,
    item,
    sort_order,
    state,
    is_table_note,
    text_nb,
    text_en,
    source_nb,
    source_en,
    page
from own
union all
select
    subject,
    kind,
    item,
    sort_order,
    state,
    is_table_note,
    text_nb,
    text_en,
    source_nb,
    source_en,
    page
from of_every_question
