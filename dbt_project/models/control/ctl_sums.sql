with different as (
    select * from {{ ref('ctl_differing_sums') }}
    where is_asked
),

tenfold as (
    select * from {{ ref('ctl_tenfold') }}
)

select
    different.series as survey,
    different.time_period,
    different.unit_code,
    case different.question when 'fte_by_education' then 'education_differs' else 'pathways_differ' end as finding,
    different.question,
    different.target_group,
    cast(null as string) as item,
    cast(null as string) as reporting_form,
    different.other_fte as value,
    different.service_fte as value_compared,
    different.population,
    {{ exact('different.difference') }} as effect,
    cast(null as string) as detail,
    cast(null as string) as file,
    cast(null as string) as sheet,
    cast(null as integer) as row_number,
    cast(null as integer) as column_number,
    cast(null as string) as header
from different
left join tenfold
    on different.time_period = tenfold.time_period
    and different.unit_code = tenfold.unit_code
    and different.target_group = tenfold.target_group
    -- A slip in the services explains why both other breakdowns differ from them.
    and tenfold.question in ('fte_by_service', different.question)
where tenfold.unit_code is null

union all

select
    survey,
    time_period,
    unit_code,
    'tenfold' as finding,
    question,
    target_group,
    item,
    reporting_form,
    value,
    value_compared,
    population,
    {{ exact('difference') }} as effect,
    compared_question as detail,
    cast(null as string) as file,
    cast(null as string) as sheet,
    cast(null as integer) as row_number,
    cast(null as integer) as column_number,
    cast(null as string) as header
from tenfold

union all

select
    survey,
    time_period,
    unit_code,
    'typed_sum_differs' as finding,
    question,
    target_group,
    cast(null as string) as item,
    reporting_form,
    fte as value,
    number_value as value_compared,
    cast(null as bigint) as population,
    {{ exact('abs(number_value - fte)') }} as effect,
    cast(null as string) as detail,
    file,
    sheet,
    row_number,
    column_number,
    header
from {{ ref('ctl_typed_sums') }}
where
    abs(number_value - fte) > {{ limit_of('control_typed_sum_margin_fte') }}
    and rejected_count = 0
    and not is_corrected
