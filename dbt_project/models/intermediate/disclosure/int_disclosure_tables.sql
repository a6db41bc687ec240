with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
    where units != 'anonymous' and unit_set is not null
),

options as (
    select
        form,
        indicator,
        item,
        {{ joined_once('answer', '|') }} as options
    from {{ ref('int_indicator_answers') }}
    group by form, indicator, item
),

amounts as (
    select distinct
        time_period,
        question
    from {{ ref('int_counted_answers') }}
    where measure_unit = 'nok' and number_value is not null
)

select
    'indicator_shares' as subject,
    rounds.indicator,
    rounds.item,
    rounds.time_period,
    rounds.unit_set,
    coalesce(options.options, '') as options,
    coalesce(rounds.target_group, 'total') as target_group,
    coalesce(rounds.reporting_form, 'total') as reporting_form,
    coalesce(rounds.population_asked, 'all') as population_asked,
    rounds.is_derived
from rounds
left join options
    on rounds.form = options.form
    and rounds.indicator = options.indicator
    and rounds.item = options.item

union all

select
    'amounts' as subject,
    question as indicator,
    'all' as item,
    time_period,
    'municipalities' as unit_set,
    '' as options,
    'total' as target_group,
    'total' as reporting_form,
    'all' as population_asked,
    false as is_derived
from amounts
