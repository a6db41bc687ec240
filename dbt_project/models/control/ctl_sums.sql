-- Sums that differ, of what units reported themselves. education_differs and pathways_differ: the total of the breakdown
-- lies further from the services than its margin in FTE and the share that is worth a question, and the unit is among the
-- share of units that differ most in it that year; what most units do is no error of one of them. tenfold: one cell of the
-- services at a tenth of its value would close the gap to education, or all of them would. typed_sum_differs: the typed sum
-- of a block is not the sum of its cells, and no cell that cannot be read or that was corrected explains that. The effect is
-- the difference.
with totals as (
    select * from {{ ref('int_fte__unit') }}
    where category = 'total' and target_group != 'total' and not is_carried_forward
),

units as (
    select * from {{ ref('ctl_units') }}
),

compared as (
    select
        units.series,
        units.time_period,
        units.unit_code,
        units.target_group,
        units.population,
        others.question,
        services.fte as service_fte,
        others.fte as other_fte,
        abs(services.fte - others.fte) as difference,
        case others.question
            when 'fte_by_pathway' then {{ limit_of('pathway_margin_fte') }}
            else {{ limit_of('control_education_margin_fte') }}
        end as margin
    from totals as services
    inner join totals as others
        on services.time_period = others.time_period
        and services.unit_code = others.unit_code
        and services.target_group = others.target_group
        and others.question in ('fte_by_education', 'fte_by_pathway')
        -- A half that is missing in one of them only is told as such.
        and services.is_half_missing = others.is_half_missing
    inner join units
        on services.time_period = units.time_period
        and services.unit_code = units.unit_code
        and services.target_group = units.target_group
    where services.question = 'fte_by_service'
),

ranked as (
    select
        *,
        percent_rank() over (
            partition by time_period, question
            order by difference / nullif(greatest(service_fte, other_fte), 0) desc nulls last
        ) as place
    from compared
),

different as (
    select *
    from ranked
    where
        difference > margin
        and difference > {{ limit_of('control_sums_margin_share') }} * greatest(service_fte, other_fte)
        and place <= {{ limit_of('control_sums_asked_share') }}
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
        different.question = 'fte_by_education'
        and different.service_fte > different.other_fte
        and different.difference >= {{ limit_of('control_tenfold_min_fte') }}
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
        and different.question = 'fte_by_education'
        and different.difference >= {{ limit_of('control_tenfold_min_fte') }}
        and abs(different.difference - 0.9 * greatest(different.service_fte, different.other_fte))
        <= {{ limit_of('control_tenfold_tolerance') }} * different.difference
),

tenfold as (
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
)

select
    different.series as survey,
    different.time_period,
    different.unit_code,
    case different.question when 'fte_by_education' then 'education_differs' else 'pathways_differ' end as finding,
    different.question,
    different.target_group,
    cast(null as string) as item,
    cast(null as string) as reporting_form,
    different.other_fte as value,
    different.service_fte as value_compared,
    different.population,
    {{ exact('different.difference') }} as effect,
    cast(null as string) as file,
    cast(null as string) as sheet,
    cast(null as integer) as row_number,
    cast(null as integer) as column_number,
    cast(null as string) as header
from different
left join tenfold
    on different.time_period = tenfold.time_period
    and different.unit_code = tenfold.unit_code
    and different.target_group = tenfold.target_group
where tenfold.unit_code is null

union all

select
    survey,
    time_period,
    unit_code,
    'tenfold' as finding,
    'fte_by_service' as question,
    target_group,
    item,
    reporting_form,
    value,
    value_compared,
    population,
    {{ exact('difference') }} as effect,
    cast(null as string) as file,
    cast(null as string) as sheet,
    cast(null as integer) as row_number,
    cast(null as integer) as column_number,
    cast(null as string) as header
from tenfold

union all

select
    survey,
    time_period,
    unit_code,
    'typed_sum_differs' as finding,
    question,
    target_group,
    cast(null as string) as item,
    reporting_form,
    fte as value,
    number_value as value_compared,
    cast(null as bigint) as population,
    {{ exact('abs(number_value - fte)') }} as effect,
    file,
    sheet,
    row_number,
    column_number,
    header
from {{ ref('ctl_typed_sums') }}
where
    abs(number_value - fte) > {{ limit_of('control_typed_sum_margin_fte') }}
    and rejected_count = 0
    and not is_corrected
