with found as (
    select * from {{ ref('mart_reconciliation__query_rows') }}
),

sums as (
    select
        source_id,
        table_id,
        cell_key,
        min(method) as method,
        -- A sum with a missing part is missing.
        case when count(*) = count(value) then sum(case when role = 'numerator' then factor * value end) end as numerator,
        sum(case when role = 'denominator' then factor * value end) as denominator,
        bool_or(role = 'denominator') as is_divided,
        min(absence_reason) as absence_reason
    from found
    group by source_id, table_id, cell_key
)

select
    source_id,
    table_id,
    cell_key,
    case when is_divided then numerator / nullif(denominator, 0) else numerator end as computed,
    0 as computed_error,
    method,
    absence_reason
from sums
