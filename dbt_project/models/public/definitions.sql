-- A text about all questions (*) is repeated for each question that has no text of the same kind of its own.
with said as (
    select * from {{ ref('stg_indicators__definitions') }}
),

questions as (
    select distinct periods.indicator as subject
    from {{ ref('mart_indicator_periods') }} as periods
    left join {{ ref('stg_indicators__indicators') }} as labels
        on periods.indicator = labels.indicator
    where coalesce(labels.scale, '') not in ('fte', 'nok')
)

select
    coalesce(questions.subject, said.subject) as subject,
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
from said
left join questions
    on said.subject = '*'
where
    (said.subject != '*' or questions.subject is not null)
    and not exists (
        select 1 from said as own
        where own.subject = questions.subject and own.kind = said.kind
    )
