select
    breaks.indicator,
    breaks.time_period,
    breaks.kind,
    breaks.comparable_before,
    breaks.description_nb,
    breaks.description_en,
    breaks.source,
    -- Breaks between forms of constructed deliveries are constructed too; breaks named in a report are not.
    breaks.source = 'forms' and {{ is_constructed('breaks.time_period') }} as is_constructed
from {{ ref('int_series_breaks') }} as breaks
