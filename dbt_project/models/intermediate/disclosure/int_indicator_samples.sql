with policy as (
    select max(case when parameter = 'minimum_units' then value end) as minimum_units
    from {{ ref('stg_disclosure__limits') }}
)

select
    rounds.indicator,
    counts.answer,
    rounds.item,
    rounds.time_period,
    counts.unit_level,
    counts.unit_code,
    labels.label_nb as unit_name,
    counts.area_basis,
    rounds.unit_set,
    forms.units_sampled as n_units,
    counts.n_answer,
    counts.n_answered,
    case when counts.n_answered < policy.minimum_units then 'confidential' end as absence_reason
from {{ ref('int_indicator_rounds') }} as rounds
cross join policy
inner join {{ ref('stg_forms__forms') }} as forms
    on rounds.form = forms.form
inner join {{ ref('int_indicator_counts') }} as counts
    on rounds.form = counts.form
    and rounds.indicator = counts.indicator
    and rounds.item = counts.item
    and rounds.unit_set = counts.unit_set
inner join {{ ref('stg_classifications__codelists') }} as labels
    on counts.unit_level = labels.codelist
    and counts.unit_code = labels.code
where rounds.units = 'anonymous'
