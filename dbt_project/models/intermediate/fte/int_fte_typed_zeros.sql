-- A typed sum of 0 means no FTE in every breakdown, whichever other cells are blank.
select
    form,
    unit_code,
    target_group,
    coalesce(max(case when reporting_form = 'mental_health' then number_value end) = 0, false) as is_mental_health_zero,
    coalesce(max(case when reporting_form = 'substance_use' then number_value end) = 0, false) as is_substance_use_zero
from {{ ref('int_fte_typed_sums') }}
group by form, unit_code, target_group
