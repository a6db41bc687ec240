with columns as (
    select * from {{ ref('stg_forms__columns') }}
    where use = 'answer'
),

options as (
    select * from {{ ref('int_answer_options') }}
)

-- A box has its own column, or is an option of a column that holds several answers.
select
    columns.form,
    columns.question,
    columns.item,
    columns.target_group,
    columns.reporting_form,
    coalesce(options.answer, columns.answer) as answer,
    min(coalesce(options.option_order, columns.line)) as option_order
from columns
left join options
    on columns.form = options.form
    and columns.question = options.question
    and columns.type = 'codes'
where columns.type in ('codes', 'tick')
group by
    columns.form,
    columns.question,
    columns.item,
    columns.target_group,
    columns.reporting_form,
    coalesce(options.answer, columns.answer)
