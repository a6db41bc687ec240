with figures as (
    select * from {{ ref('stg_published__figures') }}
),

context as (
    select source_id from {{ ref('stg_published__context_sources') }}
),

uncomputable as (
    select * from {{ ref('stg_published__uncomputable_measures') }}
),

delivered_periods as (
    -- FTE describe the year of the round; other figures describe that year or the year before collection.
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

signed as (
    select * from {{ ref('stg_published__uncomputable_figures') }}
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
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    case
        when figures.value is null then 'nothing_printed'
        when context.source_id is not null then 'other_source'
        when uncomputable.reason is not null then uncomputable.reason
        when silent_units.cell_key is not null then 'not_answered'
        when delivered_periods.time_period is null then 'not_delivered'
        -- A figure that nobody has checked against the tables has no reason.
        else signed.reason
    end as reason
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
left join signed
    on figures.source_id = signed.source_id
    and figures.table_id = signed.table_id
    and figures.cell_key = signed.cell_key
