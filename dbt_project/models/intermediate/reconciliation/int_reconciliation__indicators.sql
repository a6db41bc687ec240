with printed as (
    select * from {{ ref('int_reconciliation__printed_answers') }}
),

questions as (
    select * from {{ ref('int_reconciliation__questions') }}
),

counts as (
    select * from {{ ref('int_reconciliation__answer_counts') }}
),

hidden as (
    select * from {{ ref('int_reconciliation__hidden_answers') }}
),

group_sizes as (
    select
        indicator,
        answer,
        count(*) as member_count
    from {{ ref('stg_indicators__answer_groups') }}
    group by indicator, answer
),

parameters as (
    select max(case when parameter = 'minimum_units' then value end) as min_units
    from {{ ref('stg_disclosure__limits') }}
),

computed as (
    select
        printed.*,
        questions.n_answered
        - case when printed.is_without_districts then coalesce(questions.n_answered_districts, 0) else 0 end as n_answered,
        questions.n_asked,
        questions.n_options,
        -- Without the districts the report divides by all municipalities.
        case when printed.is_without_districts then questions.n_municipalities else questions.n_units end as n_units,
        counts.n_answer
        - case when printed.is_without_districts then coalesce(counts.n_answer_districts, 0) else 0 end as n_answer,
        coalesce(bases.base, 'answered') as usual_base,
        coalesce(indicators.scale = 'multiple', false) as is_multiple,
        group_sizes.member_count,
        parameters.min_units,
        hidden.is_hidden
    from printed
    cross join parameters
    inner join questions
        on printed.indicator = questions.indicator
        and printed.item = questions.item
        and printed.survey_period = questions.time_period
        and printed.unit_set = questions.unit_set
        and printed.unit_level = questions.unit_level
        and printed.unit_code = questions.unit_code
    left join counts
        on printed.indicator = counts.indicator
        and printed.item = counts.item
        and printed.survey_period = counts.time_period
        and printed.unit_set = counts.unit_set
        and printed.unit_level = counts.unit_level
        and printed.unit_code = counts.unit_code
        and printed.answer = counts.answer
    inner join hidden
        on printed.source_id = hidden.source_id
        and printed.table_id = hidden.table_id
        and printed.cell_key = hidden.cell_key
    left join group_sizes
        on printed.answer = group_sizes.answer
        and group_sizes.indicator in (printed.indicator, '*')
    left join {{ ref('stg_indicators__indicators') }} as indicators
        on printed.indicator = indicators.indicator
    left join {{ ref('int_indicator_bases') }} as bases
        on printed.indicator = bases.indicator
        and printed.survey_period = bases.time_period
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
    -- A group with too few answering units is not shown, except Oslo as one municipality; nor is a group that is hidden in
    -- the table or keeps its figure of the last snapshot, whichever unit set the printed figure counts.
    is_hidden
    or (n_answered < min_units and not (unit_set = 'municipalities' and unit_level = 'county' and n_units = 1))
        as is_confidential
from counted
-- For a multi-select question it is unknown which units answered without ticking a box.
where not (answer = 'answered' and is_multiple and usual_base = 'all')
