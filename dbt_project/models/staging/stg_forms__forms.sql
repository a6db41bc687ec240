select
    form,
    survey,
    time_period,
    collection_year,
    units,
    non_response,
    carry_forward,
    carry_forward_years,
    title_nb,
    title_en,
    licence,
    constructed,
    max_shrink,
    units_sampled,
    respondent,
    sha256
from {{ source('forms', 'forms') }}
