select
    indicator,
    time_period,
    category,
    cast(n_units as integer) as n_units,
    {{ public_measure('weight') }} as weight,
    {{ public_measure('persons_main') }} as persons_main,
    {{ public_measure('persons_alternative') }} as persons_alternative,
    {{ public_status('observations.time_period + 1', column='collection_year') }} as obs_status,
    absence_reason,
    obs_note,
    -- Asked about the calendar year before collection.
    {{ is_constructed('observations.time_period + 1', column='collection_year') }} as is_constructed
from {{ ref('mart_person_estimates') }} as observations
