with cells as (
    select * from {{ ref('int_fte_cells') }}
)

{{ fte_with_totals('cells', ['time_period', 'unit_code']) }}
