with printed as (
    select * from {{ ref('int_reconciliation__printed_answers') }}
),

items as (
    select
        indicator,
        item,
        time_period,
        unit_set,
        unit_level,
        unit_code,
        decision
    from {{ ref('int_disclosure_decisions') }}
    where subject = 'indicator_shares' and area_basis = 'reported'
),

decisions as (
    select * from items
    union all
    -- The total of a grid's rows would, with the other rows, reveal a hidden row.
    select
        indicator,
        'total' as item,
        time_period,
        unit_set,
        unit_level,
        unit_code,
        case when bool_and(decision = 'shown') then 'shown' else 'hidden' end as decision
    from items
    group by indicator, time_period, unit_set, unit_level, unit_code
),

public_groups as (
    select * from {{ ref('int_disclosure_groups') }}
    where area_basis = 'reported' and is_public
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    coalesce(decisions.decision, 'shown') != 'shown'
    or (printed.is_without_districts and coalesce(district_decisions.decision, 'shown') != 'shown')
    -- The answer of a divided municipality as one unit is public; the answers of its districts are not.
    or (public_groups.unit_set is not null and decisions.unit_set != printed.unit_set) as is_hidden
from printed
left join decisions
    on printed.indicator = decisions.indicator
    and printed.item = decisions.item
    and printed.survey_period = decisions.time_period
    and printed.unit_level = decisions.unit_level
    and printed.unit_code = decisions.unit_code
left join public_groups
    on decisions.time_period = public_groups.time_period
    and decisions.unit_set = public_groups.unit_set
    and decisions.unit_level = public_groups.unit_level
    and decisions.unit_code = public_groups.unit_code
left join decisions as district_decisions
    on printed.indicator = district_decisions.indicator
    and printed.item = district_decisions.item
    and printed.survey_period = district_decisions.time_period
    and district_decisions.unit_code = 'oslo_districts'
    and district_decisions.unit_level = 'size_group'
