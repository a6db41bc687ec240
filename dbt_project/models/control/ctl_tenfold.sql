with different as (
    select * from {{ ref('ctl_differing_sums') }}
    where is_asked and difference >= {{ limit_of('control_tenfold_min_fte') }}
),

suspects as (
    -- The slip may be in the greater of the two sums. Not all services are in a pathway, so services above the pathways are
    -- no evidence; and pathways often differ a little, which one of many cells would explain by chance, hence the minimum
    -- share.
    select
        *,
        'fte_by_service' as slip_question,
        service_fte as slip_fte,
        question as compared_question,
        other_fte as compared_fte
    from different
    where question = 'fte_by_education' and service_fte > other_fte

    union all

    select
        *,
        question as slip_question,
        other_fte as slip_fte,
        'fte_by_service' as compared_question,
        service_fte as compared_fte
    from different
    where
        other_fte > service_fte
        and (question = 'fte_by_education' or difference >= {{ limit_of('control_tenfold_pathway_share') }} * service_fte)
),

cells as (
    select * from {{ ref('int_fte_cells') }}
    where not is_carried_forward
),

slips as (
    select
        suspects.*,
        cells.category as item,
        cells.reporting_form,
        cells.fte as cell_fte,
        row_number() over (
            partition by suspects.time_period, suspects.unit_code, suspects.target_group, suspects.slip_question
            order by abs(suspects.difference - 0.9 * cells.fte), cells.category, cells.reporting_form
        ) as choice
    from suspects
    inner join cells
        on suspects.time_period = cells.time_period
        and suspects.unit_code = cells.unit_code
        and suspects.target_group = cells.target_group
        and suspects.slip_question = cells.question
    where
        abs(suspects.difference - 0.9 * cells.fte)
        <= {{ limit_of('control_tenfold_tolerance') }} * suspects.difference
),

whole_slips as (
    -- All cells of the sum are ten times too large, or all cells of the other are a tenth of their true values.
    select suspects.*
    from suspects
    left join slips
        on suspects.time_period = slips.time_period
        and suspects.unit_code = slips.unit_code
        and suspects.target_group = slips.target_group
        and suspects.slip_question = slips.slip_question
    where
        slips.unit_code is null
        and abs(suspects.difference - 0.9 * suspects.slip_fte)
        <= {{ limit_of('control_tenfold_tolerance') }} * suspects.difference
)

select
    series as survey,
    time_period,
    unit_code,
    slip_question as question,
    target_group,
    item,
    reporting_form,
    cell_fte as value,
    compared_question,
    compared_fte as value_compared,
    population,
    difference
from slips
where choice = 1

union all

select
    series as survey,
    time_period,
    unit_code,
    -- Between services and education, the finding is about the services, whichever of the two is wrong.
    case when question = 'fte_by_education' then 'fte_by_service' else slip_question end as question,
    target_group,
    cast(null as string) as item,
    cast(null as string) as reporting_form,
    case when question = 'fte_by_education' then service_fte else slip_fte end as value,
    case when question = 'fte_by_education' then question else compared_question end as compared_question,
    case when question = 'fte_by_education' then other_fte else compared_fte end as value_compared,
    population,
    difference
from whole_slips
