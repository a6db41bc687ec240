with printed as (
    select distinct
        indicator,
        survey_period as time_period
    from {{ ref('int_reconciliation__printed_answers') }}
),

counts as (
    select counts.*
    from {{ ref('int_indicator_counts') }} as counts
    inner join printed
        on counts.indicator = printed.indicator
        and counts.time_period = printed.time_period
    where counts.area_basis = 'reported'
),

grid_totals as (
    -- Ticks in all rows of a grid, added up.
    select
        form,
        indicator,
        time_period,
        unit_set,
        unit_level,
        unit_code,
        answer,
        sum(n_answer) as n_answer,
        max(n_answered) as n_answered
    from counts
    group by form, indicator, time_period, unit_set, unit_level, unit_code, answer
    having count(distinct item) > 1
),

all_counts as (
    select
        form,
        indicator,
        item,
        time_period,
        unit_set,
        unit_level,
        unit_code,
        answer,
        n_answer,
        n_answered,
        n_asked
    from counts
    union all
    select
        form,
        indicator,
        'total' as item,
        time_period,
        unit_set,
        unit_level,
        unit_code,
        answer,
        n_answer,
        n_answered,
        cast(null as bigint) as n_asked
    from grid_totals
)

select
    *,
    max(case when unit_code = 'oslo_districts' then n_answer end) over (
        partition by indicator, item, time_period, unit_set, answer
    ) as n_answer_districts
from all_counts
