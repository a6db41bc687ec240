with grid as (
    select * from {{ ref('int_fte_grid') }}
),

area_fte as (
    select * from {{ ref('int_fte__area') }}
),

coverages as (
    select * from {{ ref('int_fte_coverage') }}
),

area_periods as (
    -- In a round, an area has either all categories of a breakdown or none.
    select
        time_period,
        area_basis,
        unit_level,
        unit_code,
        question,
        lag(time_period) over (
            partition by area_basis, unit_level, unit_code, question
            order by time_period
        ) as previous_period
    from (
        select distinct
            time_period,
            area_basis,
            unit_level,
            unit_code,
            question
        from grid
    ) as periods
),

figures as (
    select
        grid.time_period,
        grid.series,
        grid.area_basis,
        grid.unit_level,
        grid.unit_code,
        grid.unit_name,
        grid.question,
        grid.target_group,
        grid.category,
        case when grid.is_asked and not ({{ is_incomplete('coverages') }}) then area_fte.fte end as fte,
        area_fte.fte_carried_forward,
        case when grid.is_delivered then coalesce(area_fte.units_answered, 0) end as units_answered,
        coalesce(area_fte.units_with_cells, 0) as units_with_cells,
        case when grid.is_delivered then grid.units_total end as units_total,
        case
            when not grid.is_delivered then 'not_delivered'
            when not grid.is_asked then 'not_asked'
            when area_fte.fte is not null and {{ is_incomplete('coverages') }} then 'incomplete'
            when area_fte.fte is not null then null
            when area_fte.is_weight_missing then 'no_weight'
            when area_fte.is_rejected then 'rejected'
            else 'not_answered'
        end as absence_reason,
        coalesce(area_fte.is_carried_forward, false) as is_carried_forward,
        area_fte.carried_from,
        coalesce(area_fte.is_confirmed, false) as is_confirmed,
        coalesce(area_fte.is_from_constructed, false) as is_from_constructed,
        coalesce(area_fte.is_estimated, false) as is_estimated,
        coalesce(area_fte.is_weight_estimated, false) as is_weight_estimated,
        coalesce(area_fte.is_rejected, false) as is_rejected,
        coalesce(area_fte.is_half_missing, false) as is_half_missing,
        coalesce(area_fte.is_corrected, false) as is_corrected,
        coverages.coverage,
        area_periods.previous_period
    from grid
    inner join area_periods
        on grid.time_period = area_periods.time_period
        and {{ same_area('grid', 'area_periods') }}
        and grid.question = area_periods.question
    left join area_fte
        on grid.time_period = area_fte.time_period
        and {{ same_area('grid', 'area_fte') }}
        and grid.question = area_fte.question
        and grid.target_group = area_fte.target_group
        and grid.category = area_fte.category
    left join coverages
        on grid.time_period = coverages.time_period
        and grid.area_basis = coverages.area_basis
        and grid.unit_level = coverages.unit_level
        and grid.unit_code = coverages.unit_code
        and grid.question = coverages.question
        and grid.target_group = coverages.target_group
)

select
    figures.time_period,
    figures.series,
    figures.area_basis,
    figures.unit_level,
    figures.unit_code,
    figures.unit_name,
    figures.question,
    figures.target_group,
    figures.category,
    figures.fte,
    figures.units_answered,
    figures.units_total,
    case
        when figures.absence_reason is null or figures.absence_reason = 'incomplete' then figures.coverage
    end as coverage,
    case
        when figures.fte is null then null
        when figures.fte = 0 then 0
        else cast(figures.fte_carried_forward as double) / cast(figures.fte as double)
    end as imputed_share,
    {{ has_break('figures.question', 'figures') }} or {{ has_moved('figures') }} as series_break,
    case
        when figures.absence_reason is not null then {{ absence_status('figures.absence_reason') }}
        when figures.is_carried_forward then 'I'
        when figures.is_estimated then 'E'
        else 'A'
    end as obs_status,
    figures.absence_reason,
    case
        when figures.absence_reason is null then {{ notes({
            'confirmed': 'figures.is_confirmed',
            'corrected': 'figures.is_corrected',
            'rejected_cells': "figures.is_rejected or (figures.is_half_missing and figures.unit_level = 'country')",
            'units_missing':
                "figures.question != 'fte_by_pathway' and figures.units_with_cells < figures.units_total",
            'weight_estimated': 'figures.is_weight_estimated',
        }, first=note_of_origin('figures.carried_from')) }}
    end as obs_note,
    figures.is_from_constructed
from figures
