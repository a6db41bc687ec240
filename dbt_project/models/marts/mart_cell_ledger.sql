with cells as (
    select
        form,
        time_period,
        file,
        fate,
        fate_reason,
        count(*) as cell_count
    from {{ ref('int_cells') }}
    group by form, time_period, file, fate, fate_reason
)

select
    form,
    time_period,
    file,
    fate,
    fate_reason,
    cell_count
from cells
