select distinct
    rounds.form,
    rounds.time_period,
    columns.question,
    columns.target_group,
    columns.reporting_form,
    columns.item as category
from {{ ref('int_rounds') }} as rounds
inner join {{ ref('stg_forms__columns') }} as columns
    on rounds.form = columns.form
where rounds.is_delivered and columns.use = 'answer' and columns.question in {{ fte_questions() }}
