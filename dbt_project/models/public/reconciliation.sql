select
    reconciliation.source_id,
    reconciliation.table_id,
    reconciliation.cell_key,
    cast(reconciliation.published as double) as published,
    reconciliation.decimals,
    case when not reconciliation.is_confidential then {{ public_ratio('reconciliation.computed') }} end as computed,
    case when not reconciliation.is_confidential then {{ public_ratio('reconciliation.difference') }} end as difference,
    case when not reconciliation.is_confidential then {{ public_ratio('reconciliation.tolerance') }} end as tolerance,
    reconciliation.method,
    reconciliation.verdict,
    reconciliation.explanation,
    explanations.reason_nb,
    explanations.reason_en
from {{ ref('mart_reconciliation') }} as reconciliation
left join {{ ref('stg_published__explanations') }} as explanations
    on reconciliation.verdict = 'explained'
    and reconciliation.explanation = explanations.explanation_id
