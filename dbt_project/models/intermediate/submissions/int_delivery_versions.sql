select
    files.form,
    forms.time_period,
    cast(count(*) as integer) as files,
    {{ text_hash(joined('files.sha256', ';', 'files.file')) }} as sha256
from {{ ref('stg_raw__files') }} as files
inner join {{ ref('stg_forms__forms') }} as forms
    on files.form = forms.form
group by files.form, forms.time_period
