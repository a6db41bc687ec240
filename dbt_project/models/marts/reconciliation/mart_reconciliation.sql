with figures as (
    select * from {{ ref('stg_published__figures') }}
),

compared as (
    select * from {{ ref('mart_reconciliation__compared') }}
),

reasons as (
    select * from {{ ref('mart_reconciliation__reasons') }}
),

corrected as (
    select * from {{ ref('mart_reconciliation__corrected') }}
)

select
    figures.source_id,
    figures.table_id,
    figures.cell_key,
    figures.line_number,
    figures.time_period,
    figures.value as published,
    figures.decimals,
    compared.computed,
    compared.difference,
    compared.tolerance,
    compared.method,
    coalesce(compared.is_confidential, false) as is_confidential,
    case
        when corrected.corrections is not null then 'corrected_since_print'
        when compared.verdict is not null then compared.verdict
        when reasons.reason is not null then 'not_computable'
        else 'not_mapped'
    end as verdict,
    case
        when corrected.corrections is not null then corrected.corrections
        when compared.verdict is not null then compared.explanation
        else reasons.reason
    end as explanation
from figures
left join compared
    on figures.source_id = compared.source_id
    and figures.table_id = compared.table_id
    and figures.cell_key = compared.cell_key
    and figures.line_number = compared.line_number
left join corrected
    on figures.source_id = corrected.source_id
    and figures.table_id = corrected.table_id
    and figures.cell_key = corrected.cell_key
    and figures.line_number = corrected.line_number
left join reasons
    on figures.source_id = reasons.source_id
    and figures.table_id = reasons.table_id
    and figures.cell_key = reasons.cell_key
