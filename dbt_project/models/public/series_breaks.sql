select
    breaks.indicator,
    breaks.time_period,
    breaks.kind,
    breaks.comparable_before,
    breaks.description_nb,
    breaks.description_en,
    breaks.source,
    -- What the forms of constructed deliveries differ in was constructed, too; what a report says was not.
    breaks.source = 'forms' and {{ is_constructed('breaks.time_period') }} as is_constructed
from {{ ref('int_series_breaks') }} as breaks
