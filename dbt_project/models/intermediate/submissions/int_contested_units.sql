with rivals as (
    select * from {{ ref('int_rival_rows') }}
),

contents as (
    select
        rivals.form,
        rivals.unit_code,
        rivals.contest,
        rivals.rival,
        {{ joined("concat_ws('=', cells.line, cells.text)", '|', "cells.line, cells.text") }} as content
    from rivals
    inner join {{ ref('int_mapped_cells') }} as cells
        on rivals.row_key = cells.row_key
    where cells.use = 'answer' and cells.text != ''
    group by rivals.form, rivals.unit_code, rivals.contest, rivals.rival
),

compared as (
    select
        rivals.form,
        rivals.unit_code,
        rivals.contest,
        coalesce(contents.content, '') as content
    from rivals
    left join contents
        on rivals.form = contents.form
        and rivals.unit_code = contents.unit_code
        and rivals.contest = contents.contest
        and rivals.rival = contents.rival
),

contested as (
    select
        compared.form,
        compared.unit_code,
        compared.contest
    from compared
    left join {{ ref('int_submission_decisions') }} as decisions
        on compared.form = decisions.form
        and compared.unit_code = decisions.unit_code
        and compared.contest = decisions.contest
        and decisions.verdict = 'applied'
    where decisions.form is null
    group by compared.form, compared.unit_code, compared.contest
    having min(compared.content) != max(compared.content)
)

select distinct
    form,
    unit_code,
    'several_submissions_undated' as rejected_reason
from contested
