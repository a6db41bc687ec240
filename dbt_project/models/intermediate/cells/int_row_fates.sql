with cells as (
    select * from {{ ref('stg_raw__cells') }}
),

row_rules as (
    select * from {{ ref('stg_forms__row_rules') }}
),

texts as (
    select
        row_key,
        bool_and(text = '') as is_blank
    from cells
    group by row_key
),

fitting as (
    select
        cells.row_key,
        row_rules.reason,
        cells.header,
        cells.text,
        row_number() over (partition by cells.row_key order by row_rules.rule_order) as choice
    from cells
    inner join row_rules
        on cells.form = row_rules.form
        and cells.layout = row_rules.layout
        and cells.header = row_rules.header
    where cells.is_below_header and {{ matches_whole('cells.text', 'row_rules.pattern') }}
)

select
    delivered.row_key,
    delivered.form,
    delivered.file,
    delivered.sheet,
    delivered.layout,
    delivered.row_number,
    case
        when not delivered.is_below_header then 'header'
        when fitting.reason is not null then fitting.reason
        when texts.is_blank then 'blank_row'
    end as ignored_reason,
    -- The cell that the reason comes from.
    fitting.header as ignored_header,
    fitting.text as ignored_text
from {{ ref('stg_raw__rows') }} as delivered
inner join texts
    on delivered.row_key = texts.row_key
left join fitting
    on delivered.row_key = fitting.row_key
    and fitting.choice = 1
