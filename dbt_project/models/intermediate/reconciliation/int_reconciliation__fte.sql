with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where
        other_dimensions = ''
        and reporting_form = 'total'
        and measure in (
            'fte_reported', 'fte_by_pathway', 'fte_per_10000', 'share_of_fte', 'fte_change', 'fte_change_percent',
            'fte_per_10000_change_percent', 'share_of_fte_distributed_on_pathways'
        )
),

observations as (
    select * from {{ ref('int_fte_observations') }}
    where area_basis = 'reported' and fte is not null
),

populations as (
    select * from {{ ref('int_area_populations') }}
    where area_basis = 'reported'
),

print_errors as (
    -- How far the FTE of a cell may lie from the printed ones.
    select
        unit_level,
        unit_code,
        breakdown,
        target_group,
        category,
        time_period,
        max(half_unit) as half_unit
    from printed
    where measure in ('fte_reported', 'fte_by_pathway')
    group by unit_level, unit_code, breakdown, target_group, category, time_period
),

rate_errors as (
    -- Rates are printed of totals.
    select
        unit_level,
        unit_code,
        target_group,
        'total' as category,
        time_period,
        max(half_unit) as half_unit
    from printed
    where measure = 'fte_per_10000'
    group by unit_level, unit_code, target_group, time_period
),

levels as (
    select
        observations.unit_level,
        observations.unit_code,
        observations.question as breakdown,
        observations.target_group,
        observations.category,
        observations.time_period,
        cast(observations.fte as double) as fte,
        cast(coalesce(print_errors.half_unit, 0) as double) as fte_error,
        cast(coalesce(rate_errors.half_unit, 0) as double) as rate_error,
        cast(populations.population as double) as population
    from observations
    left join print_errors
        on observations.unit_level = print_errors.unit_level
        and observations.unit_code = print_errors.unit_code
        and observations.question = print_errors.breakdown
        and observations.target_group = print_errors.target_group
        and observations.category = print_errors.category
        and observations.time_period = print_errors.time_period
    left join rate_errors
        on observations.unit_level = rate_errors.unit_level
        and observations.unit_code = rate_errors.unit_code
        and observations.target_group = rate_errors.target_group
        and observations.category = rate_errors.category
        and observations.time_period = rate_errors.time_period
    left join populations
        on observations.time_period = populations.time_period
        and observations.unit_level = populations.unit_level
        and observations.unit_code = populations.unit_code
        and observations.target_group = populations.target_group
),

wanted as (
    -- The cells whose sum is the printed figure, in its own year and in the year it is compared with.
    select
        source_id,
        table_id,
        cell_key,
        'now' as role,
        unit_level,
        {{ each_of(parts_of('unit_code', '+')) }} as unit_code,
        breakdown,
        target_group,
        category,
        time_period
    from printed

    union

    select
        source_id,
        table_id,
        cell_key,
        'before' as role,
        unit_level,
        unit_code,
        breakdown,
        target_group,
        category,
        from_period as time_period
    from printed
    where from_period is not null

    union

    -- What a share is of: the total of the target group, or of both groups for a share that divides them.
    select
        source_id,
        table_id,
        cell_key,
        'base' as role,
        unit_level,
        unit_code,
        breakdown,
        case
            when breakdown = 'fte_by_service' and dimension['measure_type'] is null then 'total' else target_group
        end as target_group,
        'total' as category,
        time_period
    from printed
    where measure = 'share_of_fte'

    union

    select
        source_id,
        table_id,
        cell_key,
        'pathways' as role,
        unit_level,
        unit_code,
        'fte_by_pathway' as breakdown,
        target_group,
        category,
        time_period
    from printed
    where measure = 'share_of_fte_distributed_on_pathways'
),

wanted_cells as (
    select
        wanted.*,
        {{ each_of(parts_of('wanted.category', '+')) }} as single_category
    from wanted
),

sums as (
    select
        wanted_cells.source_id,
        wanted_cells.table_id,
        wanted_cells.cell_key,
        wanted_cells.role,
        sum(levels.fte) as fte,
        sum(levels.fte_error) as fte_error,
        sum(levels.rate_error) as rate_error,
        sum(levels.population) as population
    from wanted_cells
    left join levels
        on wanted_cells.unit_level = levels.unit_level
        and wanted_cells.unit_code = levels.unit_code
        and wanted_cells.breakdown = levels.breakdown
        and wanted_cells.target_group = levels.target_group
        and wanted_cells.single_category = levels.category
        and wanted_cells.time_period = levels.time_period
    group by wanted_cells.source_id, wanted_cells.table_id, wanted_cells.cell_key, wanted_cells.role
    -- A sum of units or categories is known when all of them are.
    having count(*) = count(levels.fte)
),

figures as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        printed.measure,
        now.fte,
        now.fte_error,
        now.population,
        now.fte / nullif(now.population, 0) * 10000 as rate,
        now.rate_error,
        earlier.fte as fte_before,
        earlier.fte_error as fte_error_before,
        earlier.fte / nullif(earlier.population, 0) * 10000 as rate_before,
        earlier.rate_error as rate_error_before,
        base.fte as fte_base,
        base.fte_error as fte_error_base,
        pathways.fte as fte_pathways,
        pathways.fte_error as fte_error_pathways
    from printed
    inner join sums as now
        on printed.source_id = now.source_id
        and printed.table_id = now.table_id
        and printed.cell_key = now.cell_key
        and now.role = 'now'
    left join sums as earlier
        on printed.source_id = earlier.source_id
        and printed.table_id = earlier.table_id
        and printed.cell_key = earlier.cell_key
        and earlier.role = 'before'
    left join sums as base
        on printed.source_id = base.source_id
        and printed.table_id = base.table_id
        and printed.cell_key = base.cell_key
        and base.role = 'base'
    left join sums as pathways
        on printed.source_id = pathways.source_id
        and printed.table_id = pathways.table_id
        and printed.cell_key = pathways.cell_key
        and pathways.role = 'pathways'
)

select
    source_id,
    table_id,
    cell_key,
    case measure
        when 'fte_per_10000' then fte / nullif(population, 0) * 10000
        when 'share_of_fte' then fte / nullif(fte_base, 0) * 100
        when 'fte_change' then fte - fte_before
        when 'fte_change_percent' then (fte / nullif(fte_before, 0) - 1) * 100
        when 'fte_per_10000_change_percent' then (rate / nullif(rate_before, 0) - 1) * 100
        when 'share_of_fte_distributed_on_pathways' then fte_pathways / nullif(fte, 0) * 100
        else fte
    end as computed,
    case measure
        when 'fte_per_10000' then fte_error / nullif(population, 0) * 10000
        when 'share_of_fte' then ((fte + fte_error) / nullif(fte_base - fte_error_base, 0) - fte / nullif(fte_base, 0)) * 100
        when 'fte_change' then fte_error + fte_error_before
        when 'fte_change_percent'
            then ((fte + fte_error) / nullif(fte_before - fte_error_before, 0) - fte / nullif(fte_before, 0)) * 100
        when 'fte_per_10000_change_percent'
            then ((rate + rate_error) / nullif(rate_before - rate_error_before, 0) - rate / nullif(rate_before, 0)) * 100
        when 'share_of_fte_distributed_on_pathways'
            then ((fte_pathways + fte_error_pathways) / nullif(fte - fte_error, 0) - fte_pathways / nullif(fte, 0)) * 100
        else 0
    end as computed_error,
    case measure
        when 'fte_per_10000' then 'delivered_rate'
        when 'share_of_fte' then 'delivered_share'
        when 'share_of_fte_distributed_on_pathways' then 'delivered_share'
        when 'fte_change' then 'delivered_change'
        when 'fte_change_percent' then 'delivered_change'
        when 'fte_per_10000_change_percent' then 'delivered_change'
        else 'delivered_fte'
    end as method
from figures
