with municipalities as (
    select distinct
        time_period,
        municipality_code
    from {{ ref('int_units') }}
),

lists as (
    select * from {{ ref('stg_classifications__kostra_lists') }}
),

listed as (
    -- The codes of a municipality on the map of the list: its own, or those of its successors in the list's year.
    select
        municipalities.time_period,
        municipalities.municipality_code,
        lists.classification,
        lists.boundary_year,
        coalesce(successors.successor_code, municipalities.municipality_code) as listed_code
    from municipalities
    inner join lists
        on municipalities.time_period >= lists.valid_from_year
        and (lists.valid_to_year is null or municipalities.time_period <= lists.valid_to_year)
    left join {{ ref('int_municipality_successors') }} as successors
        on municipalities.time_period = successors.time_period
        and municipalities.time_period < lists.boundary_year
        and lists.boundary_year = successors.target_period
        and municipalities.municipality_code = successors.municipality_code
)

select
    listed.time_period,
    listed.municipality_code,
    cast(listed.boundary_year as string) || '_' || min(reference_groups.group_code) as kostra_group,
    'KOSTRA-gruppe ' || cast(cast(substr(min(reference_groups.group_code), 4) as integer) as string)
    || ' (' || cast(listed.boundary_year as string) || ')' as kostra_group_name
from listed
left join {{ ref('stg_reference__kostra_groups') }} as reference_groups
    on listed.classification = reference_groups.classification
    and listed.boundary_year = reference_groups.boundary_year
    and listed.listed_code = reference_groups.municipality_code
group by listed.time_period, listed.municipality_code, listed.boundary_year
-- A municipality whose successors are in different groups, or one of them in none, has no group.
having count(distinct reference_groups.group_code) = 1 and count(*) = count(reference_groups.group_code)
