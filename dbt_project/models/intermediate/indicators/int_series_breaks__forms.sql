with declared as (
    select * from {{ ref('stg_classifications__series_breaks') }}
),

indicator_rounds as (
    select * from {{ ref('int_indicator_rounds') }}
),

form_options as (
    select * from {{ ref('int_indicator_options') }}
),

asked as (
    select
        indicator_rounds.indicator,
        indicator_rounds.item,
        indicator_rounds.time_period,
        indicator_rounds.unit_set,
        indicator_rounds.population_asked,
        indicator_rounds.is_derived,
        {{ comparable_name('indicator_rounds.wording_nb') }} as wording,
        form_options.answers
    from indicator_rounds
    left join form_options
        on indicator_rounds.form = form_options.form
        and indicator_rounds.indicator = form_options.indicator
        and indicator_rounds.item = form_options.item
    where indicator_rounds.units != 'anonymous'
),

compared as (
    select
        *,
        lag(time_period) over series as previous_period,
        lag(unit_set) over series as previous_unit_set,
        lag(population_asked) over series as previous_population,
        lag(wording) over series as previous_wording,
        lag(answers) over series as previous_answers
    from asked
    window series as (partition by indicator, item order by time_period)
),

indicator_years as (
    select
        indicator,
        min(time_period) as first_period,
        max(time_period) as last_period
    from asked
    group by indicator
)

select
    indicator,
    time_period,
    'scale' as kind,
    false as comparable_before,
    'Svaralternativene er endret fra forrige gang.' as description_nb,
    'The options differ from the time before.' as description_en
from compared
where previous_period is not null and answers != previous_answers

union

select
    indicator,
    time_period,
    'base' as kind,
    false as comparable_before,
    'Spørsmålet er stilt til andre enheter enn forrige gang.' as description_nb,
    'The question was put to other units than the time before.' as description_en
from compared
where previous_period is not null and population_asked is distinct from previous_population

union

select
    indicator,
    time_period,
    'unit' as kind,
    true as comparable_before,
    'Andre enheter telles enn forrige gang (Oslo som én enhet eller som bydeler).' as description_nb,
    'Other units are counted than the time before (Oslo as one unit or as districts).' as description_en
from compared
where previous_period is not null and unit_set is distinct from previous_unit_set

union

select
    indicator,
    time_period,
    'wording' as kind,
    true as comparable_before,
    'Ordlyden er endret fra forrige gang.' as description_nb,
    'The wording differs from the time before.' as description_en
from compared
where previous_period is not null and wording is distinct from previous_wording and not is_derived

union

select
    indicator,
    first_period as time_period,
    'new' as kind,
    true as comparable_before,
    'Spurt om første gang i de leverte årene.' as description_nb,
    'Asked for the first time in the delivered years.' as description_en
from indicator_years

union

select
    indicator_years.indicator,
    declared.time_period,
    declared.kind,
    declared.comparable_before,
    declared.description_nb,
    declared.description_en
from declared
inner join indicator_years
    on declared.indicator = 'indicators'
    and declared.time_period > indicator_years.first_period
    and declared.time_period <= indicator_years.last_period
