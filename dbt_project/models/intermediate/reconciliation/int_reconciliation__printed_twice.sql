with figures as (
    select
        *,
        row_number() over (partition by cell_key order by report_year, source_id, table_id) as print_order
    from {{ ref('stg_published__figures') }}
    where value is not null
)

select
    later.source_id,
    later.table_id,
    later.cell_key,
    first_print.value as computed,
    -- The first print may be rounded more coarsely.
    first_print.half_unit as computed_error,
    'printed_elsewhere' as method
from figures as later
inner join figures as first_print
    on later.cell_key = first_print.cell_key
    and first_print.print_order = 1
where later.print_order > 1
