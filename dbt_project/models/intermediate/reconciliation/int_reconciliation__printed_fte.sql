select
    source_id,
    table_id,
    cell_key,
    measure,
    time_period,
    from_period,
    unit_level,
    unit_code,
    breakdown,
    target_group,
    category,
    dimension,
    half_unit
from {{ ref('int_reconciliation__printed_cells') }}
where
    other_dimensions = ''
    and reporting_form = 'total'
    and measure in (
        'fte_reported', 'fte_by_pathway', 'fte_per_10000', 'share_of_fte', 'fte_change', 'fte_change_percent',
        'fte_per_10000_change_percent', 'share_of_fte_distributed_on_pathways'
    )
