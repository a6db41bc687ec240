-- What each column of a delivery means.
select
    form,
    line,
    layout,
    header,
    use,
    question,
    item,
    answer,
    target_group,
    reporting_form,
    type,
    unit,
    wording_nb,
    population_asked,
    reason,
    condition_count,
    ticked,
    not_ticked,
    separator
from {{ source('forms', 'columns') }}
