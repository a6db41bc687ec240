-- FTE of each unit by target group and category, over the forms in which they were reported, with the totals.
with cells as (
    select * from {{ ref('int_fte_cells') }}
)

{{ fte_with_totals('cells', ['time_period', 'unit_code']) }}
