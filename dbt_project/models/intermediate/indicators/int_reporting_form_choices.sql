with chosen as (
    select
        time_period,
        target_group,
        count(case when answer = 'joint' then 1 end) as joint,
        count(case when answer = 'separate' then 1 end) as separate
    from {{ ref('int_unit_answers') }}
    where unit_level = 'municipality' and question = 'reporting_form' and is_chosen
    group by time_period, target_group
),

with_fte as (
    select
        cells.time_period,
        cells.target_group,
        count(distinct case when cells.reporting_form = 'joint' then responses.municipality_code end) as joint,
        count(distinct case when cells.reporting_form != 'joint' then responses.municipality_code end) as separate
    from {{ ref('int_fte_cells') }} as cells
    inner join {{ ref('int_unit_responses') }} as responses
        on cells.time_period = responses.time_period
        and cells.unit_code = responses.unit_code
    where cells.question = 'fte_by_service' and cells.fte > 0
    group by cells.time_period, cells.target_group
)

select
    coalesce(chosen.time_period, with_fte.time_period) as time_period,
    coalesce(chosen.target_group, with_fte.target_group) as target_group,
    coalesce(chosen.joint, 0) as chose_joint,
    coalesce(chosen.separate, 0) as chose_separate,
    coalesce(with_fte.joint, 0) as have_joint_fte,
    coalesce(with_fte.separate, 0) as have_separate_fte
from chosen
full outer join with_fte
    on chosen.time_period = with_fte.time_period
    and chosen.target_group = with_fte.target_group
