-- What the figures were computed from: one row a delivered form, with a hash over its files.
with files as (
    select
        form,
        count(*) as files,
        {{ text_hash(joined('sha256', ';', 'file')) }} as sha256
    from {{ ref('stg_raw__files') }}
    group by form
)

select
    forms.form,
    forms.survey,
    forms.time_period,
    forms.collection_year,
    forms.title_nb,
    forms.title_en,
    cast(files.files as integer) as files,
    files.sha256,
    forms.licence,
    forms.constructed as is_constructed,
    forms.sha256 as form_sha256
from {{ ref('stg_forms__forms') }} as forms
inner join files
    on forms.form = files.form
