with held as (
    select
        survey,
        time_period,
        collection_year
    from {{ ref('stg_classifications__survey_rounds') }}
),

forms as (
    select
        forms.form,
        forms.survey,
        forms.time_period,
        forms.collection_year,
        forms.non_response,
        forms.form in (select sheets.form from {{ ref('stg_raw__sheets') }} as sheets) as is_delivered
    from {{ ref('stg_forms__forms') }} as forms
    where forms.units = 'municipalities'
),

series as (
    select code as series
    from {{ ref('stg_classifications__codelists') }}
    where codelist = 'series'
)

select
    series.series,
    coalesce(forms.survey, held.survey) as survey,
    coalesce(forms.time_period, held.time_period) as time_period,
    coalesce(forms.collection_year, held.collection_year) as collection_year,
    forms.form,
    coalesce(forms.non_response, 'missing') as non_response,
    coalesce(forms.is_delivered, false) as is_delivered
from held
full outer join forms
    on held.survey = forms.survey
    and held.time_period = forms.time_period
left join series
    on coalesce(forms.survey, held.survey) = series.series
where held.survey is not null or forms.is_delivered
