-- What each unit adds to the figures of the tables that need protection: 1 for each answer that it gave, or its amount. A
-- unit that answered has rows, also where every value is 0. Restricted: answers of single units.
with tables as (
    select distinct
        subject,
        family,
        indicator,
        item,
        time_period,
        unit_set
    from {{ ref('int_disclosure_groups') }}
),

countries as (
    select * from {{ ref('int_unit_set_members') }}
    where area_basis = 'reported' and unit_level = 'country'
)

select
    tables.subject,
    tables.family,
    tables.indicator,
    tables.item,
    tables.time_period,
    tables.unit_set,
    choices.unit_code as member_code,
    choices.answer as measure,
    cast(case when choices.is_chosen then 1 else 0 end as decimal(18, 6)) as measured
from tables
inner join {{ ref('int_indicator_choices') }} as choices
    on tables.subject = 'indicator_shares'
    and tables.indicator = choices.indicator
    and tables.item = choices.item
    and tables.time_period = choices.time_period
inner join countries
    on tables.time_period = countries.time_period
    and tables.unit_set = countries.unit_set
    and choices.unit_code = countries.member_code

union all

select
    tables.subject,
    tables.family,
    tables.indicator,
    tables.item,
    tables.time_period,
    tables.unit_set,
    units.municipality_code as member_code,
    'amount' as measure,
    {{ exact('sum(answers.number_value)') }} as measured
from tables
inner join {{ ref('int_counted_answers') }} as answers
    on tables.subject = 'amounts'
    and tables.indicator = answers.question
    and tables.time_period = answers.time_period
    and answers.measure_unit = 'nok'
    and answers.number_value is not null
inner join {{ ref('int_units') }} as units
    on answers.time_period = units.time_period
    and answers.unit_code = units.unit_code
group by
    tables.subject, tables.family, tables.indicator, tables.item, tables.time_period, tables.unit_set,
    units.municipality_code
