-- The deliveries behind the figures: one row per delivered form, with a hash over its files.
select
    forms.form,
    forms.survey,
    forms.time_period,
    forms.collection_year,
    forms.title_nb,
    forms.title_en,
    versions.files,
    versions.sha256,
    forms.licence,
    forms.constructed as is_constructed,
    forms.sha256 as form_sha256
from {{ ref('stg_forms__forms') }} as forms
inner join {{ ref('int_delivery_versions') }} as versions
    on forms.form = versions.form
