select
    units.survey,
    units.time_period,
    units.form,
    units.non_response,
    units.unit_count,
    units.missing_count,
    coalesce(numbers.is_numbered_in_advance, false) as is_numbered_in_advance,
    numbers.number_count,
    coalesce(numbers.numbered_lost, 0) as numbered_lost,
    coalesce(in_order.lost_count, 0) as sorted_lost,
    in_order.file as sorted_file,
    coalesce(links.lost_count, 0) as linked_lost,
    links.sheet as linked_sheet
from {{ ref('ctl_asked_units') }} as units
left join {{ ref('ctl_lost_numbers') }} as numbers
    on units.form = numbers.form
left join {{ ref('ctl_lost_in_order') }} as in_order
    on units.form = in_order.form
left join {{ ref('ctl_lost_links') }} as links
    on units.form = links.form
