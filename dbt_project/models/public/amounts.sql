select
    indicator,
    time_period,
    unit_level,
    unit_code,
    unit_name,
    {{ public_measure('amount_nok') }} as amount_nok,
    {{ public_ratio('amount_nok_real') }} as amount_nok_real,
    price_year,
    cast(population as bigint) as population,
    {{ public_ratio('amount_per_inhabitant') }} as amount_per_inhabitant,
    cast(n_answered as integer) as n_answered,
    series_break,
    {{ public_status('observations.time_period + 1', column='collection_year') }} as obs_status,
    absence_reason,
    obs_note,
    -- Asked about the calendar year before collection.
    {{ is_constructed('observations.time_period + 1', column='collection_year') }}
    and coalesce(observations.obs_note, '') not like '%from_print%' as is_constructed
from {{ ref('mart_amounts') }} as observations
