with recursive populated as (
    select
        time_period,
        municipality_code
    from {{ ref('stg_reference__population') }}
),

years as (
    select distinct time_period from populated
),

changes as (
    -- A change of name keeps the code.
    select distinct
        change_year,
        old_code,
        new_code
    from {{ ref('stg_reference__municipality_changes') }}
    where old_code != new_code
),

codes as (
    select municipality_code as code from {{ ref('stg_reference__municipalities') }}
    union
    select old_code as code from changes
),

steps as (
    select
        codes.code,
        years.time_period,
        codes.code as current_code,
        0 as changed_in
    from codes
    cross join years

    union all

    select
        steps.code,
        steps.time_period,
        changes.new_code as current_code,
        changes.change_year as changed_in
    from steps
    inner join changes
        on steps.current_code = changes.old_code
        and steps.time_period >= changes.change_year
        and steps.changed_in < changes.change_year
    left join populated
        on steps.current_code = populated.municipality_code
        and steps.time_period = populated.time_period
    where populated.municipality_code is null
)

select distinct
    steps.code,
    steps.time_period,
    populated.municipality_code as successor_code
from steps
inner join populated
    on steps.current_code = populated.municipality_code
    and steps.time_period = populated.time_period
