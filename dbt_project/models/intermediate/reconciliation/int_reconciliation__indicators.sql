with sets as (
    select * from {{ ref('int_reconciliation__printed_answers') }}
),

counts as (
    select * from {{ ref('int_indicator_counts') }}
    where area_basis = 'reported'
),

grid_totals as (
    -- Ticks in all rows of a grid together.
    select
        form,
        time_period,
        indicator,
        'total' as item,
        area_basis,
        unit_set,
        unit_level,
        unit_code,
        answer,
        sum(n_answer) as n_answer,
        max(n_answered) as n_answered,
        cast(null as bigint) as n_asked
    from counts
    group by form, time_period, indicator, area_basis, unit_set, unit_level, unit_code, answer
    having count(distinct item) > 1
),

all_counts as (
    select * from counts
    union all
    select * from grid_totals
),

sizes as (
    select * from {{ ref('int_unit_set_sizes') }}
    where area_basis = 'reported'
),

groups as (
    select distinct
        indicator,
        answer
    from {{ ref('stg_indicators__answer_groups') }}
),

group_sizes as (
    select
        indicator,
        answer,
        count(*) as member_count
    from {{ ref('stg_indicators__answer_groups') }}
    group by indicator, answer
),

bases as (
    -- Of a question as a whole: who answered, who was asked, and all ticks together.
    select
        all_counts.indicator,
        all_counts.item,
        all_counts.time_period,
        all_counts.unit_set,
        all_counts.unit_level,
        all_counts.unit_code,
        max(all_counts.n_answered) as n_answered,
        max(all_counts.n_asked) as n_asked,
        sum(case when groups.answer is null then all_counts.n_answer else 0 end) as n_options
    from all_counts
    left join groups
        on all_counts.answer = groups.answer
        and groups.indicator in (all_counts.indicator, '*')
    group by
        all_counts.indicator, all_counts.item, all_counts.time_period, all_counts.unit_set, all_counts.unit_level,
        all_counts.unit_code
),

parameters as (
    select max(case when parameter = 'minimum_units' then value end) as min_units
    from {{ ref('stg_disclosure__limits') }}
),

computed as (
    select
        sets.*,
        bases.n_answered
        - case when sets.is_without_districts then coalesce(district_bases.n_answered, 0) else 0 end as n_answered,
        bases.n_asked,
        bases.n_options,
        -- Without the districts the report divides by all municipalities.
        case when sets.is_without_districts then municipality_sizes.n_units else sizes.n_units end as n_units,
        all_counts.n_answer
        - case when sets.is_without_districts then coalesce(district_counts.n_answer, 0) else 0 end as n_answer,
        coalesce(indicators.base, 'answered') as usual_base,
        coalesce(indicators.scale = 'multiple', false) as is_multiple,
        group_sizes.member_count,
        parameters.min_units,
        coalesce(decisions.decision, 'shown') != 'shown'
        or (sets.is_without_districts and coalesce(district_decisions.decision, 'shown') != 'shown')
        -- What a divided municipality answered as one is public, and what its districts answered is not.
        or (coalesce(decided_groups.is_public, false) and decisions.unit_set != sets.unit_set) as is_hidden
    from sets
    cross join parameters
    inner join bases
        on sets.indicator = bases.indicator
        and sets.item = bases.item
        and sets.survey_period = bases.time_period
        and sets.unit_set = bases.unit_set
        and sets.unit_level = bases.unit_level
        and sets.unit_code = bases.unit_code
    left join sizes
        on bases.time_period = sizes.time_period
        and bases.unit_set = sizes.unit_set
        and bases.unit_level = sizes.unit_level
        and bases.unit_code = sizes.unit_code
    left join sizes as municipality_sizes
        on bases.time_period = municipality_sizes.time_period
        and municipality_sizes.unit_set = 'municipalities'
        and bases.unit_level = municipality_sizes.unit_level
        and bases.unit_code = municipality_sizes.unit_code
    left join all_counts
        on bases.indicator = all_counts.indicator
        and bases.item = all_counts.item
        and bases.time_period = all_counts.time_period
        and bases.unit_set = all_counts.unit_set
        and bases.unit_level = all_counts.unit_level
        and bases.unit_code = all_counts.unit_code
        and sets.answer = all_counts.answer
    left join bases as district_bases
        on bases.indicator = district_bases.indicator
        and bases.item = district_bases.item
        and bases.time_period = district_bases.time_period
        and bases.unit_set = district_bases.unit_set
        and district_bases.unit_code = 'oslo_districts'
    left join all_counts as district_counts
        on bases.indicator = district_counts.indicator
        and bases.item = district_counts.item
        and bases.time_period = district_counts.time_period
        and bases.unit_set = district_counts.unit_set
        and all_counts.answer = district_counts.answer
        and district_counts.unit_code = 'oslo_districts'
    left join group_sizes
        on sets.answer = group_sizes.answer
        and group_sizes.indicator in (sets.indicator, '*')
    left join {{ ref('stg_indicators__indicators') }} as indicators
        on sets.indicator = indicators.indicator
    left join {{ ref('int_disclosure_decisions') }} as decisions
        on decisions.subject = 'indicator_shares'
        and decisions.area_basis = 'reported'
        and sets.indicator = decisions.indicator
        and sets.item = decisions.item
        and sets.survey_period = decisions.time_period
        and sets.unit_level = decisions.unit_level
        and sets.unit_code = decisions.unit_code
    left join {{ ref('int_disclosure_groups') }} as decided_groups
        on decisions.time_period = decided_groups.time_period
        and decisions.unit_set = decided_groups.unit_set
        and decisions.area_basis = decided_groups.area_basis
        and decisions.unit_level = decided_groups.unit_level
        and decisions.unit_code = decided_groups.unit_code
    left join {{ ref('int_disclosure_decisions') }} as district_decisions
        on district_decisions.subject = 'indicator_shares'
        and district_decisions.area_basis = 'reported'
        and district_decisions.unit_level = 'size_group'
        and district_decisions.unit_code = 'oslo_districts'
        and sets.indicator = district_decisions.indicator
        and sets.item = district_decisions.item
        and sets.survey_period = district_decisions.time_period
),

counted as (
    select
        *,
        case
            when answer = 'total' and has_answered_row then n_units
            when measure = 'respondents_n' or answer in ('total', 'answered', 'all_ticks') then n_answered
            when answer in ('all', 'all_municipalities') then n_units
            when answer = 'not_answered' then coalesce(n_asked, n_units) - n_answered
            else n_answer
        end as units,
        case
            when dimension['base'] = 'all_units' then n_units
            when dimension['base'] is not null then n_answered
            when n_base is not null and n_base = n_answered and answer != 'answered' then n_answered
            when n_base is not null and n_base = n_asked then n_asked
            when n_base is not null and n_base = n_units then n_units
            when n_base is not null then n_answered
            when answer in ('not_answered', 'answered') then n_units
            when usual_base = 'all' then n_units
            else n_answered
        end as base_units
    from computed
)

select
    source_id,
    table_id,
    cell_key,
    case
        when measure != 'share_of_municipalities' then cast(units as double)
        when answer = 'total' and has_answered_row then 100
        when
            answer = 'all_ticks' and dimension['base'] != 'all_units'
            then cast(n_options as double) / nullif(base_units, 0) * 100
        else cast(units as double) / nullif(base_units, 0) * 100
    end as computed,
    -- The share of a group of answers may be printed as the sum of its rounded parts.
    case when measure = 'share_of_municipalities' then cast(half_unit as double) * (coalesce(member_count, 1) - 1) else 0 end
        as computed_error,
    'delivered_answers' as method,
    -- What a group of too few answering units said is not shown, Oslo as one municipality aside; nor is a group that is
    -- hidden in the table, or keeps its figure of the last snapshot, by whichever units print counts it.
    is_hidden
    or (n_answered < min_units and not (unit_set = 'municipalities' and unit_level = 'county' and n_units = 1))
        as is_confidential
from counted
-- Of a multi-select question nobody can say who answered without ticking.
where not (answer = 'answered' and is_multiple and usual_base = 'all')
