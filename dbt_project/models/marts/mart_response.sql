-- Units that were asked and that answered, by round and unit set. How many were asked follows from the map of the year;
-- how many answered is known from print for some rounds only, until deliveries give it.
with rounds as (
    select * from {{ ref('int_rounds') }}
),

country as (
    select * from {{ ref('int_areas') }}
    where unit_level = 'country' and area_basis = 'reported'
),

first_divided as (
    -- Districts and agencies report themselves from the round in which the first agency does.
    select min(valid_from_year) as time_period
    from {{ ref('stg_classifications__agencies') }}
),

unit_sets as (
    select
        rounds.time_period,
        rounds.survey,
        rounds.units_carried_forward,
        rounds.printed_total,
        codes.code as unit_set,
        case codes.code
            when 'municipalities' then country.units_municipalities
            when 'with_districts' then country.units_with_districts
            else country.units_with_agencies
        end as units_expected
    from rounds
    inner join country
        on rounds.time_period = country.time_period
    cross join first_divided
    inner join {{ ref('stg_classifications__codelists') }} as codes
        on codes.codelist = 'unit_set'
        and (codes.code = 'municipalities' or rounds.time_period >= first_divided.time_period)
),

printed_missing as (
    select
        time_period,
        'municipalities' as unit_set,
        max(value) as units_missing
    from {{ ref('stg_published__figures') }}
    where
        measure = 'municipalities'
        and dimension_names = 'as_of;status'
        and dimension['status'] = 'not_responded'
        and dimension['as_of'] = 'final'
    group by time_period
),

figures as (
    select
        unit_sets.*,
        cast(printed_missing.units_missing as integer) as units_missing,
        cast(unit_sets.units_expected - printed_missing.units_missing as integer) as units_answered
    from unit_sets
    left join printed_missing
        on unit_sets.time_period = printed_missing.time_period
        and unit_sets.unit_set = printed_missing.unit_set
),

reasons as (
    select
        *,
        case when units_answered is null then 'not_delivered' end as absence_reason
    from figures
)

select
    time_period,
    survey,
    unit_set,
    units_answered,
    cast(units_expected as integer) as units_expected,
    -- Print counts carried-forward units over all units that report.
    case when unit_set = 'with_agencies' then units_carried_forward end as units_carried_forward,
    units_missing,
    cast(null as double) as imputed_fte_share,
    coalesce({{ absence_status('reasons.absence_reason') }}, 'A') as obs_status,
    absence_reason,
    printed_total,
    case when units_answered is not null then 'from_print' end as obs_note
from reasons
