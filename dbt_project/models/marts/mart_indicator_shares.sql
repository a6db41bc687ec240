with rounds as (
    select * from {{ ref('int_indicator_rounds') }}
),

all_rounds as (
    select * from {{ ref('int_rounds') }}
),

parameters as (
    select max(case when parameter = 'minimum_units' then value end) as min_units
    from {{ ref('stg_disclosure__limits') }}
),

areas as (
    select * from {{ ref('int_unit_set_sizes') }}
),

countries as (
    select * from areas
    where unit_level = 'country'
),

decisions as (
    select * from {{ ref('int_disclosure_decisions') }}
    where subject = 'indicator_shares'
),

kept_figures as (
    select * from {{ ref('int_kept_figures') }}
    where subject = 'indicator_shares'
),

answers as (
    select * from {{ ref('int_indicator_answers') }}
),

answered as (
    select * from {{ ref('int_indicator_counts') }}
),

corrected as (
    -- That an answer was corrected is said of the country only: the groups that hold the unit would tell which it is.
    select distinct
        answers.form,
        answers.question as indicator,
        {{ indicator_item('answers') }} as item,
        members.area_basis,
        members.unit_set,
        members.unit_level,
        members.unit_code
    from {{ ref('int_counted_answers') }} as answers
    inner join {{ ref('int_unit_set_members') }} as members
        on answers.time_period = members.time_period
        and members.member_code in (answers.unit_code, substr(answers.unit_code, 1, 4))
    where answers.is_corrected and answers.type = 'code' and members.unit_level = 'country'
),

delivered as (
    select
        rounds.indicator,
        answers.answer,
        rounds.item,
        rounds.time_period,
        areas.unit_level,
        areas.unit_code,
        areas.unit_name,
        areas.area_basis,
        rounds.unit_set,
        areas.n_units,
        case
            when decisions.decision = 'kept' then cast(kept.measured as bigint)
            else coalesce(answered.n_answer, 0)
        end as n_answer,
        case
            when decisions.decision = 'kept' then cast(kept_answered.measured as bigint)
            else coalesce(answered.n_answered, 0)
        end as n_answered,
        case
            -- What nobody decided on is not shown.
            when coalesce(decisions.decision, 'hidden') = 'hidden' then 'confidential'
            -- An answer that the last snapshot did not have.
            when decisions.decision = 'kept' and kept.measured is null then 'confidential'
            when decisions.decision = 'shown' and coalesce(answered.n_answered, 0) = 0 then 'not_answered'
        end as absence_reason,
        corrected.form is not null and decisions.decision != 'kept' as is_corrected,
        decisions.decision = 'kept' as is_kept,
        false as is_sample
    from rounds
    inner join answers
        on rounds.form = answers.form
        and rounds.indicator = answers.indicator
        and rounds.item = answers.item
    inner join areas
        on rounds.time_period = areas.time_period
        and rounds.unit_set = areas.unit_set
    left join answered
        on rounds.form = answered.form
        and rounds.indicator = answered.indicator
        and rounds.item = answered.item
        and answers.answer = answered.answer
        and areas.area_basis = answered.area_basis
        and areas.unit_set = answered.unit_set
        and areas.unit_level = answered.unit_level
        and areas.unit_code = answered.unit_code
    left join corrected
        on rounds.form = corrected.form
        and rounds.indicator = corrected.indicator
        and rounds.item = corrected.item
        and areas.area_basis = corrected.area_basis
        and areas.unit_set = corrected.unit_set
        and areas.unit_level = corrected.unit_level
        and areas.unit_code = corrected.unit_code
    left join decisions
        on rounds.indicator = decisions.indicator
        and rounds.item = decisions.item
        and rounds.time_period = decisions.time_period
        and areas.unit_level = decisions.unit_level
        and areas.unit_code = decisions.unit_code
        and areas.area_basis = decisions.area_basis
    left join kept_figures as kept
        on decisions.indicator = kept.indicator
        and decisions.item = kept.item
        and decisions.time_period = kept.time_period
        and decisions.area_basis = kept.area_basis
        and decisions.unit_level = kept.unit_level
        and decisions.unit_code = kept.unit_code
        and answers.answer = kept.measure
    left join kept_figures as kept_answered
        on decisions.indicator = kept_answered.indicator
        and decisions.item = kept_answered.item
        and decisions.time_period = kept_answered.time_period
        and decisions.area_basis = kept_answered.area_basis
        and decisions.unit_level = kept_answered.unit_level
        and decisions.unit_code = kept_answered.unit_code
        and kept_answered.measure = ''
),

sampled as (
    -- Anonymous units of a sample: impressions of the country.
    select
        rounds.indicator,
        answered.answer,
        rounds.item,
        rounds.time_period,
        answered.unit_level,
        answered.unit_code,
        labels.label_nb as unit_name,
        answered.area_basis,
        rounds.unit_set,
        forms.units_sampled as n_units,
        answered.n_answer,
        answered.n_answered,
        case when answered.n_answered < parameters.min_units then 'confidential' end as absence_reason,
        false as is_corrected,
        false as is_kept,
        true as is_sample
    from rounds
    cross join parameters
    inner join {{ ref('stg_forms__forms') }} as forms
        on rounds.form = forms.form
    inner join answered
        on rounds.form = answered.form
        and rounds.indicator = answered.indicator
        and rounds.item = answered.item
        and rounds.unit_set = answered.unit_set
    inner join {{ ref('stg_classifications__codelists') }} as labels
        on labels.codelist = 'unit_level'
        and answered.unit_level = labels.code
    where rounds.units = 'anonymous'
),

indicator_spans as (
    select
        rounds.indicator,
        rounds.item,
        answers.answer,
        min(rounds.time_period) as first_period,
        max(rounds.time_period) as last_period
    from rounds
    inner join answers
        on rounds.form = answers.form
        and rounds.indicator = answers.indicator
        and rounds.item = answers.item
    where rounds.units != 'anonymous'
    group by rounds.indicator, rounds.item, answers.answer
),

gaps as (
    select
        indicator_spans.indicator,
        indicator_spans.answer,
        indicator_spans.item,
        all_rounds.time_period,
        countries.unit_level,
        countries.unit_code,
        countries.unit_name,
        countries.area_basis,
        countries.unit_set,
        cast(null as bigint) as n_units,
        cast(null as bigint) as n_answer,
        cast(null as bigint) as n_answered,
        case when all_rounds.is_delivered then 'not_asked' else 'not_delivered' end as absence_reason,
        false as is_corrected,
        false as is_kept,
        false as is_sample
    from indicator_spans
    inner join all_rounds
        on indicator_spans.first_period < all_rounds.time_period
        and indicator_spans.last_period > all_rounds.time_period
    inner join countries
        on all_rounds.time_period = countries.time_period
        and countries.unit_set = 'with_agencies'
    left join delivered
        on indicator_spans.indicator = delivered.indicator
        and indicator_spans.item = delivered.item
        and indicator_spans.answer = delivered.answer
        and all_rounds.time_period = delivered.time_period
        and delivered.unit_level = 'country'
        and countries.area_basis = delivered.area_basis
    where delivered.indicator is null
),

figures as (
    select
        *,
        lag(time_period) over (
            partition by indicator, answer, item, unit_level, unit_code, area_basis
            order by time_period
        ) as previous_period,
        max(case when unit_level = 'country' and absence_reason is null then n_answer end) over country as country_answer,
        max(case when unit_level = 'country' and absence_reason is null then n_units end) over country as country_units
    from (
        select * from delivered
        union all
        select * from sampled
        union all
        select * from gaps
    ) as all_figures
    window country as (partition by indicator, answer, item, time_period)
)

select
    figures.indicator,
    figures.answer,
    figures.item,
    figures.time_period,
    figures.unit_level,
    figures.unit_code,
    figures.unit_name,
    figures.area_basis,
    case when figures.absence_reason is null then figures.n_answer end as n_answer,
    case when coalesce(figures.absence_reason, 'not_answered') = 'not_answered' then figures.n_answered end as n_answered,
    case when coalesce(figures.absence_reason, 'not_answered') = 'not_answered' then figures.n_units end as n_units,
    case when figures.absence_reason is null then cast(figures.n_answer as double) / figures.n_answered end
        as share_of_answered,
    case when figures.absence_reason is null then cast(figures.n_answer as double) / figures.n_units end as share_of_all,
    figures.unit_set,
    {{ has_break('figures.indicator', 'figures', 'int_series_breaks') }} as series_break,
    case
        when figures.absence_reason is not null then {{ absence_status('figures.absence_reason') }}
        when figures.is_sample then 'U'
        else 'A'
    end as obs_status,
    figures.absence_reason,
    case
        when figures.absence_reason is null then {{ notes({
            'awaits_changes': 'figures.is_kept',
            'corrected': 'figures.is_corrected',
        }) }}
    end as obs_note,
    -- No more units of a group gave an answer than of the country, and no fewer than the country's less all the others.
    case
        when figures.absence_reason = 'confidential' and figures.country_answer is not null
            then greatest(0, figures.country_answer - (figures.country_units - figures.n_units))
    end as n_answer_lower,
    case
        when figures.absence_reason = 'confidential' and figures.country_answer is not null
            then least(figures.n_units, figures.country_answer)
    end as n_answer_upper
from figures
