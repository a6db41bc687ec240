select
    reconciliation.source_id,
    reconciliation.table_id,
    reconciliation.cell_key,
    cast(reconciliation.published as double) as published,
    reconciliation.decimals,
    case when not reconciliation.is_confidential then {{ public_ratio('reconciliation.computed') }} end as computed,
    case when not reconciliation.is_confidential then {{ public_ratio('reconciliation.difference') }} end as difference,
    case when not reconciliation.is_confidential then {{ public_ratio('reconciliation.tolerance') }} end as tolerance,
    -- A verdict on a hidden figure would reveal whether it equals the printed one.
    case when not reconciliation.is_confidential then reconciliation.method end as method,
    case when reconciliation.is_confidential then 'not_computable' else reconciliation.verdict end as verdict,
    case when reconciliation.is_confidential then 'confidential' else reconciliation.explanation end as explanation,
    case when not reconciliation.is_confidential then explanations.reason_nb end as reason_nb,
    case when not reconciliation.is_confidential then explanations.reason_en end as reason_en,
    -- A figure computed from reference data or from print alone is not constructed.
    coalesce(left(reconciliation.method, 10) = 'delivered_', false)
    and (
        {{ is_constructed('figures.time_period') }}
        or {{ is_constructed('figures.time_period + 1', column='collection_year') }}
    ) as is_constructed,
    figures.chapter
from {{ ref('mart_reconciliation') }} as reconciliation
inner join {{ ref('stg_published__figures') }} as figures
    on reconciliation.source_id = figures.source_id
    and reconciliation.table_id = figures.table_id
    and reconciliation.cell_key = figures.cell_key
left join {{ ref('stg_published__explanations') }} as explanations
    on reconciliation.verdict = 'explained'
    and reconciliation.explanation = explanations.explanation_id
