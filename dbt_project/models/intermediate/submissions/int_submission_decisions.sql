with decisions as (
    select * from {{ ref('stg_decisions__submissions') }}
),

rivals as (
    select
        rivals.*,
        forms.time_period
    from {{ ref('int_rival_rows') }} as rivals
    inner join {{ ref('stg_forms__forms') }} as forms
        on rivals.form = forms.form
),

placed as (
    select distinct
        decisions.decision,
        decisions.time_period,
        decisions.unit_code,
        decisions.file,
        decisions.sheet,
        decisions.row_number,
        rivals.form,
        rivals.contest,
        rivals.rival
    from decisions
    left join rivals
        on decisions.time_period = rivals.time_period
        and decisions.unit_code = rivals.unit_code
        and decisions.file = rivals.file
        and coalesce(decisions.sheet, rivals.sheet) = rivals.sheet
        and decisions.row_number = rivals.row_number
)

select
    *,
    case
        when contest is null then 'no_contest'
        when
            min(rival) over (partition by form, unit_code, contest)
            != max(rival) over (partition by form, unit_code, contest)
            then 'contradicted'
        else 'applied'
    end as verdict
from placed
