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
    explanations.reason_en,
    -- What was computed from the reference data or from print alone is real.
    coalesce(left(reconciliation.method, 10) = 'delivered_', false)
    and (
        {{ is_constructed('figures.time_period') }}
        or {{ is_constructed('figures.time_period + 1', column='collection_year') }}
    ) as is_constructed
from {{ ref('mart_reconciliation') }} as reconciliation
inner join {{ ref('stg_published__figures') }} as figures
    on reconciliation.source_id = figures.source_id
    and reconciliation.table_id = figures.table_id
    and reconciliation.cell_key = figures.cell_key
left join {{ ref('stg_published__explanations') }} as explanations
    on reconciliation.verdict = 'explained'
    and reconciliation.explanation = explanations.explanation_id
