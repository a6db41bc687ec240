with declared as (
    select * from {{ ref('stg_classifications__series_breaks') }}
),

derived as (
    select * from {{ ref('int_series_breaks__forms') }}
)

select
    indicator,
    time_period,
    kind,
    comparable_before,
    description_nb,
    description_en,
    source
from declared
where indicator != 'indicators'

union all

select
    derived.indicator,
    derived.time_period,
    derived.kind,
    derived.comparable_before,
    derived.description_nb,
    derived.description_en,
    'forms' as source
from derived
left join declared
    on derived.indicator = declared.indicator
    and derived.time_period = declared.time_period
    and derived.kind = declared.kind
where declared.indicator is null
