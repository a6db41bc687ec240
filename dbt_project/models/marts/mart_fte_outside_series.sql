select
    survey,
    time_period,
    unit_code,
    target_group,
    item as service_type,
    {{ exact('sum(number_value)') }} as fte,
    bool_or(is_rejected) as has_rejected_cells
from {{ ref('int_counted_answers') }}
where
    measure_unit = 'fte'
    and survey not in (
        select codes.code
        from {{ ref('stg_classifications__codelists') }} as codes
        where codes.codelist = 'series'
    )
group by survey, time_period, unit_code, target_group, item
