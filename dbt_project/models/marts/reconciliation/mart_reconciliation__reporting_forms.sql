with printed as (
    select * from {{ ref('int_reconciliation__printed_cells') }}
    where
        other_dimensions = ''
        and unit_level = 'country'
        and measure in ('fte_reported', 'municipalities', 'share_of_municipalities')
        and dimension['reporting_form'] is not null
),

computed as (
    select * from {{ ref('mart_fte_by_reporting_form') }}
    where coalesce(absence_reason, '') != 'confidential'
)

select
    printed.source_id,
    printed.table_id,
    printed.cell_key,
    case printed.measure
        when 'fte_reported' then cast(computed.fte as double)
        when 'municipalities' then cast(computed.municipalities as double)
        else computed.share_of_municipalities * 100
    end as computed,
    cast(0 as double) as computed_error,
    case printed.measure when 'fte_reported' then 'delivered_fte' else 'delivered_units' end as method
from printed
inner join computed
    on printed.time_period = computed.time_period
    and printed.target_group = computed.target_group
    and printed.reporting_form = computed.reporting_form
