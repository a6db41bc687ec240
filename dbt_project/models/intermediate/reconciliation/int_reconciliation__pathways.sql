with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where unit_level = 'country'
),

observations as (
    select * from {{ ref('int_fte_observations') }}
    where area_basis = 'reported' and unit_level = 'country' and category = 'total' and fte is not null
),

beside_distributions as (
    -- Services are known for every unit that was asked, pathways only for those that filled them in.
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        case
            when printed.dimension['distribution'] = 'pathways' then observations.units_answered
            else observations.units_total
        end as computed
    from printed
    inner join observations
        on printed.time_period = observations.time_period
        and printed.target_group = observations.target_group
        and printed.breakdown = observations.question
    where
        printed.measure = 'municipalities'
        and printed.other_dimensions = ''
        and printed.dimension['distribution'] is not null
),

answered_shares as (
    select
        printed.source_id,
        printed.table_id,
        printed.cell_key,
        cast(observations.units_answered as double) / observations.units_total * 100 as computed
    from printed
    inner join observations
        on printed.time_period = observations.time_period
        and printed.target_group = observations.target_group
        and printed.dimension['question'] = observations.question
    where printed.measure = 'share_of_municipalities' and printed.dimension['answer'] = 'answered'
)

select
    source_id,
    table_id,
    cell_key,
    cast(computed as double) as computed,
    cast(0 as double) as computed_error,
    'delivered_units' as method
from beside_distributions

union all

select
    source_id,
    table_id,
    cell_key,
    computed,
    cast(0 as double) as computed_error,
    'delivered_units' as method
from answered_shares
