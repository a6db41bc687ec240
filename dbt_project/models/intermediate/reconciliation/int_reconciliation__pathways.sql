-- Printed FTE and units beside the distributions on services and pathways, and units within one FTE of agreement.
with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where unit_level = 'country'
),

observations as (
    select * from {{ ref('int_fte_observations') }}
    where area_basis = 'reported' and unit_level = 'country' and category = 'total'
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    cast(observations.units_answered as double) as computed,
    cast(0 as double) as computed_error,
    'delivered_units' as method
from printed
inner join observations
    on printed.time_period = observations.time_period
    and printed.target_group = observations.target_group
    and printed.breakdown = observations.question
where
    printed.measure = 'municipalities'
    and printed.other_dimensions = ''
    and printed.dimension['distribution'] = 'pathways'
    and observations.fte is not null
