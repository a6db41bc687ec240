select
    reported.time_period,
    reported.unit_code,
    reported.question,
    reported.target_group,
    reported.reporting_form,
    reported.category,
    reported.fte - {{ exact(
        'sum(' ~ exact('reported.fte * ' ~ weight_of('reported.target_group', 'successors')) ~ ')'
    ) }} as fte,
    count(*) = count({{ weight_of('reported.target_group', 'successors') }}) as is_known
from {{ ref('int_fte_reported') }} as reported
inner join {{ ref('int_unit_successors') }} as successors
    on reported.time_period = successors.time_period
    and successors.target_period = successors.time_period + 1
    and reported.unit_code = successors.unit_code
    and successors.successor_count > 1
    and not successors.is_last
where not reported.is_left_blank
group by
    reported.time_period,
    reported.unit_code,
    reported.question,
    reported.target_group,
    reported.reporting_form,
    reported.category,
    reported.fte
