-- FTE of units that did not answer in a round whose form carries forward: what their ground reported itself the year
-- before, in the boundaries of the year. A merged unit takes the sum of its predecessors, a split one its share by weight.
-- Where one of the predecessors did not report, or a weight is unknown, nothing is carried.
with missing_units as (
    select
        time_period,
        unit_code
    from {{ ref('int_unit_responses') }}
    where not has_answered and non_response = 'carry_forward'
),

successors as (
    select * from {{ ref('int_unit_successors') }}
),

reported as (
    select * from {{ ref('int_fte_reported') }}
),

asked_before as (
    select distinct
        time_period,
        question
    from {{ ref('int_fte_asked') }}
),

predecessors as (
    select
        missing_units.time_period,
        missing_units.unit_code,
        successors.unit_code as predecessor_code
    from missing_units
    inner join successors
        on missing_units.time_period = successors.target_period
        and missing_units.time_period = successors.time_period + 1
        and missing_units.unit_code = successors.successor_code
),

groups as (
    select distinct target_group
    from reported
),

answered_before as (
    select distinct
        time_period,
        unit_code,
        question,
        target_group
    from reported
),

complete as (
    -- All predecessors answered the breakdown.
    select
        predecessors.time_period,
        predecessors.unit_code,
        asked_before.question,
        groups.target_group
    from predecessors
    inner join asked_before
        on predecessors.time_period = asked_before.time_period + 1
    cross join groups
    left join answered_before
        on predecessors.time_period = answered_before.time_period + 1
        and predecessors.predecessor_code = answered_before.unit_code
        and asked_before.question = answered_before.question
        and groups.target_group = answered_before.target_group
    group by predecessors.time_period, predecessors.unit_code, asked_before.question, groups.target_group
    having count(*) = count(answered_before.unit_code)
),

shares as (
    -- Every share of a unit that was split, also those of units that did answer: the last one gets the rest.
    select
        reported.time_period + 1 as time_period,
        successors.successor_code as unit_code,
        successors.unit_code as predecessor_code,
        reported.question,
        reported.target_group,
        reported.reporting_form,
        reported.category,
        reported.fte as fte_before,
        successors.successor_count,
        successors.is_last,
        successors.is_weight_estimated,
        {{ exact('reported.fte * ' ~ weight_of('reported.target_group', 'successors')) }} as share,
        reported.is_rejected,
        reported.is_half_missing,
        reported.is_corrected
    from reported
    inner join successors
        on reported.time_period = successors.time_period
        and successors.target_period = successors.time_period + 1
        and reported.unit_code = successors.unit_code
),

parts as (
    select
        *,
        case
            when is_last and bool_and(share is not null) over cell
                then fte_before - coalesce(sum(case when not is_last then share end) over cell, 0)
            else share
        end as fte
    from shares
    window cell as (
        partition by time_period, predecessor_code, question, target_group, reporting_form, category
    )
)

select
    parts.time_period,
    parts.unit_code,
    parts.question,
    parts.target_group,
    parts.reporting_form,
    parts.category,
    {{ exact('sum(parts.fte)') }} as fte,
    bool_or(parts.is_rejected) as is_rejected,
    bool_or(parts.is_half_missing) as is_half_missing,
    bool_or(parts.is_corrected) as is_corrected,
    bool_or(parts.successor_count > 1) as is_estimated,
    bool_or(parts.is_weight_estimated) as is_weight_estimated
from parts
inner join complete
    on parts.time_period = complete.time_period
    and parts.unit_code = complete.unit_code
    and parts.question = complete.question
    and parts.target_group = complete.target_group
group by
    parts.time_period, parts.unit_code, parts.question, parts.target_group, parts.reporting_form, parts.category
-- A share by an unknown weight is no value.
having bool_and(parts.share is not null or parts.is_rejected)
