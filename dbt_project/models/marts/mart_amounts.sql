with rounds as (
    select * from {{ ref('int_rounds') }}
),

parameters as (
    select
        max(case when parameter = 'price_year' then value end) as price_year,
        max(case when parameter = 'cpi_base_year' then value end) as cpi_base_year
    from {{ ref('stg_classifications__parameters') }}
),

indicators as (
    select code as indicator
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'amount'
),

asked as (
    select distinct
        form,
        question as indicator
    from {{ ref('stg_forms__columns') }}
    where use = 'answer' and unit = 'nok'
),

members as (
    select * from {{ ref('int_area_members') }}
    where area_basis = 'reported' and unit_level in ('country', 'size_group')
),

granted as (
    select
        answers.form,
        answers.question as indicator,
        members.unit_level,
        members.unit_code,
        units.municipality_code,
        sum(answers.number_value) as amount_nok,
        bool_or(answers.is_corrected) as is_corrected
    from {{ ref('int_counted_answers') }} as answers
    inner join rounds
        on answers.form = rounds.form
    inner join members
        on rounds.time_period = members.time_period
        and answers.unit_code = members.member_code
    inner join {{ ref('int_units') }} as units
        on rounds.time_period = units.time_period
        and answers.unit_code = units.unit_code
    where answers.measure_unit = 'nok' and answers.number_value is not null
    group by answers.form, answers.question, members.unit_level, members.unit_code, units.municipality_code
),

delivered as (
    select
        form,
        indicator,
        unit_level,
        unit_code,
        sum(amount_nok) as amount_nok,
        count(*) as n_answered,
        sum(case when amount_nok != 0 then 1 else 0 end) as n_granted,
        bool_or(is_corrected) as is_corrected
    from granted
    group by form, indicator, unit_level, unit_code
),

responded as (
    select
        responses.form,
        members.unit_level,
        members.unit_code,
        count(distinct responses.municipality_code) as n_responded
    from {{ ref('int_unit_responses') }} as responses
    inner join members
        on responses.time_period = members.time_period
        and responses.unit_code = members.member_code
    where responses.has_answered
    group by responses.form, members.unit_level, members.unit_code
),

policy as (
    select max(case when parameter = 'minimum_units' then value end) as minimum_units
    from {{ ref('stg_disclosure__limits') }}
),

printed as (
    select * from {{ ref('int_amounts_printed') }}
),

areas as (
    select * from {{ ref('int_areas') }}
    where area_basis = 'reported' and unit_level in ('country', 'size_group')
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where area_basis = 'reported' and target_group = 'total'
),

grid as (
    select
        indicators.indicator,
        rounds.form,
        rounds.is_delivered,
        rounds.collection_year,
        rounds.time_period as form_period,
        rounds.collection_year - 1 as time_period,
        areas.unit_level,
        areas.unit_code,
        areas.unit_name,
        areas.units_municipalities,
        asked.form is not null as is_asked
    from rounds
    cross join indicators
    inner join areas
        on rounds.collection_year = areas.time_period
    left join asked
        on rounds.form = asked.form
        and indicators.indicator = asked.indicator
),

kept_figures as (
    select * from {{ ref('int_kept_figures') }}
    where subject = 'amounts' and area_basis = 'reported'
),

index_values as (
    select
        prices.time_period,
        parameters.price_year,
        case
            when prices.time_period <= parameters.cpi_base_year then cast(base.cpi_1998_100 as double) / prices.cpi_1998_100
            else cast(base.cpi_2015_100 as double) / prices.cpi_2015_100
        end as price_factor
    from {{ ref('stg_reference__cpi') }} as prices
    cross join parameters
    inner join {{ ref('stg_reference__cpi') }} as base
        on parameters.price_year = base.time_period
),

figures as (
    select
        grid.*,
        case
            when not (grid.is_delivered and grid.is_asked) then printed.amount_nok
            when decisions.decision = 'kept' then cast(kept.measured as decimal(38, 6))
            else delivered.amount_nok
        end as amount_nok,
        case when grid.is_delivered and grid.is_asked then 0 else printed.amount_error end as amount_error,
        grid.is_delivered and grid.is_asked as is_from_delivery,
        case when decisions.decision = 'kept' then cast(kept_answered.measured as bigint) else delivered.n_answered end
            as n_answered,
        coalesce(decisions.decision = 'kept', false) as is_kept,
        coalesce(delivered.n_granted > 0 and delivered.n_granted < policy.minimum_units, false) as is_of_few,
        coalesce(
            responded.n_responded > delivered.n_answered
            and responded.n_responded - delivered.n_answered < policy.minimum_units,
            false
        ) as is_left_blank_by_few,
        coalesce(delivered.is_corrected, false) as is_corrected,
        decisions.decision = 'hidden'
        or (decisions.decision is null and delivered.amount_nok is not null) as is_confidential,
        cast(populations.population as double) as population,
        lag(grid.time_period) over (
            partition by grid.indicator, grid.unit_level, grid.unit_code
            order by grid.time_period
        ) as previous_period
    from grid
    cross join policy
    left join responded
        on grid.form = responded.form
        and grid.unit_level = responded.unit_level
        and grid.unit_code = responded.unit_code
    left join delivered
        on grid.form = delivered.form
        and grid.indicator = delivered.indicator
        and grid.unit_level = delivered.unit_level
        and grid.unit_code = delivered.unit_code
    left join {{ ref('int_disclosure_decisions') }} as decisions
        on decisions.subject = 'amounts'
        and decisions.area_basis = 'reported'
        and grid.indicator = decisions.indicator
        and grid.form_period = decisions.time_period
        and grid.unit_level = decisions.unit_level
        and grid.unit_code = decisions.unit_code
    left join kept_figures as kept
        on grid.indicator = kept.indicator
        and grid.form_period = kept.time_period
        and grid.unit_level = kept.unit_level
        and grid.unit_code = kept.unit_code
        and kept.measure = 'amount'
    left join kept_figures as kept_answered
        on grid.indicator = kept_answered.indicator
        and grid.form_period = kept_answered.time_period
        and grid.unit_level = kept_answered.unit_level
        and grid.unit_code = kept_answered.unit_code
        and kept_answered.measure = ''
    left join printed
        on grid.indicator = printed.indicator
        and grid.time_period = printed.time_period
        and grid.unit_level = printed.unit_level
        and grid.unit_code = printed.unit_code
    left join populations
        on grid.collection_year = populations.time_period
        and grid.unit_level = populations.unit_level
        and grid.unit_code = populations.unit_code
),

judged as (
    -- One size group that is empty would be the country less the others. What is kept was judged when it was published.
    select
        *,
        not is_kept
        and (
            is_of_few
            or (unit_level = 'size_group' and bool_or(is_of_few) over (partition by indicator, time_period))
        ) as is_told_by_sum,
        case
            when is_kept then n_answered is null
            else
                is_left_blank_by_few
                or (unit_level = 'size_group' and bool_or(is_left_blank_by_few) over (partition by indicator, time_period))
        end as is_number_hidden
    from figures
),

reasons as (
    select
        *,
        case
            when is_from_delivery and (is_confidential or is_told_by_sum) then 'confidential'
            when amount_nok is not null then null
            when not is_delivered then 'not_delivered'
            when not is_asked then 'not_asked'
            else 'not_answered'
        end as absence_reason
    from judged
    -- Size groups have rows where something is known of them.
    where unit_level = 'country' or is_from_delivery or amount_nok is not null
)

select
    reasons.indicator,
    reasons.time_period,
    reasons.unit_level,
    reasons.unit_code,
    reasons.unit_name,
    case when reasons.absence_reason is null then reasons.amount_nok end as amount_nok,
    reasons.amount_error,
    index_values.price_factor,
    case when reasons.absence_reason is null then cast(reasons.amount_nok as double) * index_values.price_factor end
        as amount_nok_real,
    cast(index_values.price_year as integer) as price_year,
    reasons.population,
    case when reasons.absence_reason is null then cast(reasons.amount_nok as double) / nullif(reasons.population, 0) end
        as amount_per_inhabitant,
    case when reasons.absence_reason is null and not reasons.is_number_hidden then reasons.n_answered end as n_answered,
    {{ has_break('reasons.indicator', 'reasons') }} as series_break,
    coalesce({{ absence_status('reasons.absence_reason') }}, 'A') as obs_status,
    reasons.absence_reason,
    case
        when reasons.absence_reason is null then {{ notes({
            'answered_confidential': 'reasons.is_from_delivery and reasons.is_number_hidden',
            'awaits_changes': 'reasons.is_kept',
            'corrected':
                "reasons.is_from_delivery and reasons.is_corrected and not reasons.is_kept and reasons.unit_level = 'country'",
            'from_print': 'not reasons.is_from_delivery',
            'units_missing':
                'reasons.is_from_delivery and not reasons.is_number_hidden and reasons.n_answered < reasons.units_municipalities',
        }) }}
    end as obs_note
from reasons
left join index_values
    on reasons.time_period = index_values.time_period
