select
    form,
    type,
    question,
    item,
    case when type = 'tick' then answer else '' end as box,
    target_group,
    reporting_form,
    concat_ws(
        '|', question, item, case when type = 'tick' then answer else '' end, target_group, reporting_form
    ) as column_name,
    min(header) as header
from {{ ref('stg_forms__columns') }}
where use = 'answer' and type in ('code', 'tick') and condition_count = 0
group by form, type, question, item, case when type = 'tick' then answer else '' end, target_group, reporting_form
