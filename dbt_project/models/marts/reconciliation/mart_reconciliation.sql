with figures as (
    select * from {{ ref('stg_published__figures') }}
),

explanations as (
    select * from {{ ref('stg_published__explanations') }}
),

computed as (
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('int_reconciliation__fte') }}
    union all
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('mart_reconciliation__reporting_forms') }}
    union all
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('mart_reconciliation__real_change') }}
    union all
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('int_reconciliation__pathways') }}
    union all
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('int_reconciliation__samples') }}
    union all
    select
        *,
        false as is_from_print
    from {{ ref('int_reconciliation__indicators') }}
    union all
    select
        *,
        false as is_from_print
    from {{ ref('mart_reconciliation__persons') }}
    union all
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('int_reconciliation__populations') }}
    union all
    select
        *,
        false as is_confidential,
        false as is_from_print
    from {{ ref('mart_reconciliation__amounts') }}
    union all
    select
        *,
        false as is_confidential,
        true as is_from_print
    from {{ ref('int_reconciliation__printed_sums') }}
    union all
    select
        *,
        false as is_confidential,
        true as is_from_print
    from {{ ref('int_reconciliation__printed_shares') }}
    union all
    select
        *,
        false as is_confidential,
        true as is_from_print
    from {{ ref('int_reconciliation__printed_changes') }}
    union all
    select
        *,
        false as is_confidential,
        true as is_from_print
    from {{ ref('int_reconciliation__printed_twice') }}
),

compared as (
    select
        figures.source_id,
        figures.table_id,
        figures.cell_key,
        figures.line_number,
        computed.method,
        computed.is_from_print,
        computed.is_confidential,
        bool_and(computed.is_from_print) over (
            partition by figures.source_id, figures.table_id, figures.cell_key, figures.line_number
        ) as has_print_only,
        cast(computed.computed as double) as computed,
        cast(computed.computed as double) - cast(figures.value as double) as difference,
        cast(computed.computed_error as double) + cast(figures.half_unit as double) as tolerance,
        -- Rounding half up, away from the noise of binary fractions.
        floor(cast(computed.computed as double) * power(10, figures.decimals) + 0.5 + 1e-9) / power(10, figures.decimals)
            as computed_rounded,
        figures.value
    from figures
    inner join computed
        on figures.source_id = computed.source_id
        and figures.table_id = computed.table_id
        and figures.cell_key = computed.cell_key
    where figures.value is not null and computed.computed is not null
),

judged as (
    select
        *,
        case
            when abs(computed_rounded - cast(value as double)) < 1e-9 then 1
            when abs(difference) <= tolerance + 1e-9 then 2
            else 3
        end as badness
    from compared
    where not is_from_print or has_print_only
),

worst as (
    select
        *,
        row_number() over (
            partition by source_id, table_id, cell_key, line_number
            order by badness desc, tolerance asc nulls last, method asc
        ) as choice
    from judged
),

context as (
    select source_id from {{ ref('stg_published__context_sources') }}
),

uncomputable as (
    select * from {{ ref('stg_published__uncomputable_measures') }}
),

delivered_periods as (
    -- FTE are of the year of the round; amounts, persons and the rest of that year or of the one before.
    select
        time_period,
        true as is_of_fte
    from {{ ref('int_rounds') }}
    where is_delivered
    union
    select
        {{ each_of(list_of(['time_period', 'collection_year - 1'])) }} as time_period,
        false as is_of_fte
    from {{ ref('int_rounds') }}
    where is_delivered
),

silent_units as (
    select
        cells.source_id,
        cells.table_id,
        cells.cell_key
    from {{ ref('int_reconciliation__printed_cells') }} as cells
    inner join {{ ref('int_fte_observations') }} as observations
        on cells.time_period = observations.time_period
        and cells.unit_level = observations.unit_level
        and cells.unit_code = observations.unit_code
        and cells.target_group = observations.target_group
        and cells.breakdown = observations.question
        and cells.category = observations.category
    where observations.area_basis = 'reported' and observations.absence_reason = 'not_answered'
),

explained as (
    -- An entry of the ledger explains one difference of one figure, not whatever the figure may differ by.
    select
        worst.*,
        explanations.explanation_id,
        worst.badness = 3
        and abs(worst.difference - cast(explanations.difference as double)) <= worst.tolerance + 1e-9 as is_explained
    from worst
    left join explanations
        on worst.source_id = explanations.source_id
        and worst.table_id = explanations.table_id
        and worst.cell_key = explanations.cell_key
    where worst.choice = 1
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    figures.line_number,
    figures.time_period,
    figures.value as published,
    figures.decimals,
    explained.computed,
    explained.difference,
    explained.tolerance,
    explained.method,
    coalesce(explained.is_confidential, false) as is_confidential,
    case
        when explained.badness = 1 then 'equal'
        when explained.badness = 2 then 'equal_at_rounding'
        when explained.is_explained then 'explained'
        when explained.badness = 3 then 'unexplained'
        else 'not_computable'
    end as verdict,
    case
        when explained.is_explained then explained.explanation_id
        when explained.badness is not null then null
        when figures.value is null then 'nothing_printed'
        when context.source_id is not null then 'other_source'
        when uncomputable.reason is not null then uncomputable.reason
        when silent_units.cell_key is not null then 'not_answered'
        when delivered_periods.time_period is null then 'not_delivered'
        else 'not_in_deliveries'
    end as explanation
from figures
left join context
    on figures.source_id = context.source_id
left join uncomputable
    on figures.measure = uncomputable.measure
left join delivered_periods
    on figures.time_period = delivered_periods.time_period
    and coalesce(figures.measure like '%fte%', false) = delivered_periods.is_of_fte
left join silent_units
    on figures.source_id = silent_units.source_id
    and figures.table_id = silent_units.table_id
    and figures.cell_key = silent_units.cell_key
left join explained
    on figures.source_id = explained.source_id
    and figures.table_id = explained.table_id
    and figures.cell_key = explained.cell_key
    and figures.line_number = explained.line_number
