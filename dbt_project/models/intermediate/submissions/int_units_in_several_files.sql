with submission_rows as (
    select
        row_submissions.form,
        row_submissions.unit_code,
        row_submissions.file,
        row_submissions.sheet,
        row_submissions.row_number
    from {{ ref('int_row_submissions') }} as row_submissions
    inner join {{ ref('stg_forms__layouts') }} as layouts
        on row_submissions.form = layouts.form
        and row_submissions.layout = layouts.layout
    where
        layouts.rows_are = 'submissions'
        and layouts.links_to is null
        and row_submissions.ignored_reason is null
        and row_submissions.rejected_reason is null
        and row_submissions.submission_status = 'completed'
        and row_submissions.unit_code is not null
),

units as (
    select
        form,
        unit_code,
        {{ joined("concat(file, ' row ', row_number)", '; ', 'file, row_number') }} as stands_in
    from submission_rows
    group by form, unit_code
    having count(distinct file) > 1
),

rivals as (
    select distinct
        form,
        unit_code
    from {{ ref('int_rival_rows') }}
    where contest = 'submission'
),

decisions as (
    select distinct
        form,
        unit_code
    from {{ ref('int_submission_decisions') }}
    where verdict = 'applied'
),

counted as (
    select * from {{ ref('int_submissions') }}
    where verdict = 'counts'
)

select
    units.form,
    forms.time_period,
    units.unit_code,
    units.stands_in,
    case when counted.form is not null then concat(counted.file, ' row ', counted.row_number) end as counts,
    case
        when decisions.form is not null then 'decided'
        when contested.form is not null then 'contested'
        when rivals.form is not null then 'copies'
        else 'latest_counts'
    end as verdict
from units
inner join {{ ref('stg_forms__forms') }} as forms
    on units.form = forms.form
left join decisions
    on units.form = decisions.form
    and units.unit_code = decisions.unit_code
left join {{ ref('int_contested_units') }} as contested
    on units.form = contested.form
    and units.unit_code = contested.unit_code
left join rivals
    on units.form = rivals.form
    and units.unit_code = rivals.unit_code
left join counted
    on units.form = counted.form
    and units.unit_code = counted.unit_code
