with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
),

computed as (
    select * from {{ ref('mart_real_change') }}
    where municipalities_excluded is not null
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    computed.real_change_percent as computed,
    cast(0 as double) as computed_error,
    'delivered_change' as method
from printed
inner join computed
    on printed.from_period = computed.time_period_from
    and printed.time_period = computed.time_period_to
    and printed.target_group = computed.target_group
where printed.measure = 'fte_change_real_percent' and printed.other_dimensions = ''

union all

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    cast(computed.municipalities_excluded as double) as computed,
    cast(0 as double) as computed_error,
    'delivered_units' as method
from printed
inner join computed
    on printed.time_period = computed.time_period_to
    and computed.target_group = 'total'
where
    printed.measure = 'municipalities'
    and printed.other_dimensions = 'status'
    and printed.dimension['status'] = 'changed_reporting_practice'
