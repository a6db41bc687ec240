select distinct
    forms.survey,
    forms.time_period,
    forms.collection_year
from {{ ref('stg_forms__forms') }} as forms
inner join {{ ref('stg_decisions__releases') }} as releases
    on forms.time_period = releases.time_period
where releases.is_prepared and releases.status = 'provisional'
