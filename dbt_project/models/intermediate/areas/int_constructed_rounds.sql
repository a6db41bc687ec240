select distinct
    survey,
    time_period,
    collection_year
from {{ ref('stg_forms__forms') }}
where constructed and form in (select sheets.form from {{ ref('stg_raw__sheets') }} as sheets)
