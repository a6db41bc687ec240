select
    rounds.indicator,
    rounds.item,
    rounds.time_period,
    rounds.survey,
    rounds.wording_nb,
    options.answers as options,
    rounds.population_asked,
    rounds.unit_set,
    rounds.is_derived
from {{ ref('int_indicator_rounds') }} as rounds
left join {{ ref('int_indicator_options') }} as options
    on rounds.form = options.form
    and rounds.indicator = options.indicator
    and rounds.item = options.item
