with rounds as (
    select * from {{ ref('int_survey_rounds') }}
),

responses as (
    select * from {{ ref('int_unit_responses') }}
),

carried as (
    select distinct
        time_period,
        unit_code
    from {{ ref('int_fte_taken_over') }}
    where is_carried_forward
),

fte as (
    select
        time_period,
        cast(fte_carried_forward as double) / nullif(cast(fte as double), 0) as imputed_fte_share
    from {{ ref('int_fte__area') }}
    where
        area_basis = 'reported'
        and unit_level = 'country'
        and question = 'fte_by_service'
        and target_group = 'total'
        and category = 'total'
),

countries as (
    select * from {{ ref('int_areas') }}
    where area_basis = 'reported' and unit_level = 'country'
),

unit_sets as (
    -- Districts and agencies are units of their own where any of them is on the map.
    select
        rounds.series,
        rounds.survey,
        rounds.form,
        rounds.time_period,
        rounds.is_delivered,
        codes.code as unit_set,
        case codes.code
            when 'municipalities' then countries.units_municipalities
            when 'with_districts' then countries.units_with_districts
            else countries.units_with_agencies
        end as units_expected
    from rounds
    inner join countries
        on rounds.time_period = countries.time_period
    inner join {{ ref('stg_classifications__codelists') }} as codes
        on codes.codelist = 'unit_set'
        and codes.code in ('municipalities', 'with_districts', 'with_agencies')
        and (codes.code = 'municipalities' or countries.units_with_districts > countries.units_municipalities)
),

units as (
    -- A divided municipality has answered when one of its parts has.
    select
        responses.form,
        'municipalities' as unit_set,
        responses.municipality_code as unit_code,
        bool_or(responses.has_answered) as has_answered,
        bool_or(carried.unit_code is not null) as is_carried_forward
    from responses
    left join carried
        on responses.series is not null
        and responses.time_period = carried.time_period
        and responses.unit_code = carried.unit_code
    group by responses.form, responses.municipality_code

    union all

    select
        responses.form,
        sets.unit_set,
        responses.unit_code,
        responses.has_answered,
        carried.unit_code is not null as is_carried_forward
    from responses
    inner join (values ('with_districts'), ('with_agencies')) as sets (unit_set)
        on sets.unit_set = 'with_agencies' or responses.unit_level != 'agency'
    left join carried
        on responses.series is not null
        and responses.time_period = carried.time_period
        and responses.unit_code = carried.unit_code
),

counts as (
    select
        form,
        unit_set,
        sum(case when has_answered then 1 else 0 end) as units_answered,
        sum(case when is_carried_forward and not has_answered then 1 else 0 end) as units_carried_forward
    from units
    group by form, unit_set
),

samples as (
    select
        forms.survey,
        forms.time_period,
        max(forms.units_sampled) as units_expected,
        count(distinct counted.unit_code) as units_answered
    from {{ ref('stg_forms__forms') }} as forms
    inner join {{ ref('int_counted_rows') }} as counted
        on forms.form = counted.form
    where forms.units = 'anonymous'
    group by forms.survey, forms.time_period
)

select
    unit_sets.time_period,
    unit_sets.survey,
    unit_sets.unit_set,
    counts.units_answered,
    unit_sets.units_expected,
    counts.units_carried_forward,
    unit_sets.units_expected - counts.units_answered - counts.units_carried_forward as units_missing,
    fte.imputed_fte_share,
    case when unit_sets.is_delivered then 'A' else {{ absence_status("'not_delivered'") }} end as obs_status,
    case when not unit_sets.is_delivered then 'not_delivered' end as absence_reason,
    cast(null as string) as obs_note
from unit_sets
left join counts
    on unit_sets.form = counts.form
    and unit_sets.unit_set = counts.unit_set
left join fte
    on unit_sets.is_delivered
    and unit_sets.series is not null
    and unit_sets.time_period = fte.time_period

union all

select
    time_period,
    survey,
    'sample' as unit_set,
    units_answered,
    units_expected,
    0 as units_carried_forward,
    units_expected - units_answered as units_missing,
    cast(null as double) as imputed_fte_share,
    'A' as obs_status,
    cast(null as string) as absence_reason,
    cast(null as string) as obs_note
from samples
