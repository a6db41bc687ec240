with different as (
    select * from {{ ref('ctl_differing_sums') }}
    where is_asked and question = 'fte_by_education' and difference >= {{ limit_of('control_tenfold_min_fte') }}
),

cells as (
    select * from {{ ref('int_fte_cells') }}
    where question = 'fte_by_service' and not is_carried_forward
),

slips as (
    select
        different.*,
        cells.category as item,
        cells.reporting_form,
        cells.fte as cell_fte,
        row_number() over (
            partition by different.time_period, different.unit_code, different.target_group
            order by abs(different.difference - 0.9 * cells.fte), cells.category, cells.reporting_form
        ) as choice
    from different
    inner join cells
        on different.time_period = cells.time_period
        and different.unit_code = cells.unit_code
        and different.target_group = cells.target_group
    where
        different.service_fte > different.other_fte
        and abs(different.difference - 0.9 * cells.fte)
        <= {{ limit_of('control_tenfold_tolerance') }} * different.difference
),

whole_slips as (
    -- All cells ten times too large, or a tenth of what they should be.
    select different.*
    from different
    left join slips
        on different.time_period = slips.time_period
        and different.unit_code = slips.unit_code
        and different.target_group = slips.target_group
    where
        slips.unit_code is null
        and abs(different.difference - 0.9 * greatest(different.service_fte, different.other_fte))
        <= {{ limit_of('control_tenfold_tolerance') }} * different.difference
)

select
    series as survey,
    time_period,
    unit_code,
    target_group,
    item,
    reporting_form,
    cell_fte as value,
    other_fte as value_compared,
    service_fte,
    population,
    difference
from slips
where choice = 1

union all

select
    series as survey,
    time_period,
    unit_code,
    target_group,
    cast(null as string) as item,
    cast(null as string) as reporting_form,
    service_fte as value,
    other_fte as value_compared,
    service_fte,
    population,
    difference
from whole_slips
