-- Delivered rounds of which the delivery is constructed, not official: whatever is computed from them says so.
select distinct
    survey,
    time_period,
    collection_year
from {{ ref('stg_forms__forms') }}
where constructed and form in (select sheets.form from {{ ref('stg_raw__sheets') }} as sheets)
