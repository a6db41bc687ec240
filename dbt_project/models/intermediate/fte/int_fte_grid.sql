with rounds as (
    select * from {{ ref('int_rounds') }}
),

areas as (
    select * from {{ ref('int_areas') }}
),

asked as (
    select * from {{ ref('int_fte_asked') }}
),

first_asked as (
    select
        rounds.series,
        asked.question,
        min(asked.time_period) as time_period
    from asked
    inner join rounds
        on asked.form = rounds.form
    group by rounds.series, asked.question
),

newest as (
    select * from {{ ref('int_newest_period') }}
),

categories as (
    select
        breakdowns.code as question,
        groups.code as target_group,
        codes.code as category
    from {{ ref('stg_classifications__codelists') }} as breakdowns
    cross join {{ ref('stg_classifications__codelists') }} as groups
    inner join {{ ref('stg_classifications__codelists') }} as codes
        on breakdowns.parent = codes.codelist
        -- A category that belongs to one target group has no row for the others.
        and (codes.parent is null or groups.code = codes.parent)
    where breakdowns.codelist = 'fte_breakdown' and groups.codelist = 'target_group'
),

asked_categories as (
    select distinct
        asked.form,
        asked.question,
        case when levels.of_groups then 'total' else asked.target_group end as target_group,
        case when levels.of_categories then 'total' else asked.category end as category
    from asked
    cross join (values (false, false), (false, true), (true, false), (true, true)) as levels (of_groups, of_categories)
)

select
    rounds.time_period,
    rounds.series,
    rounds.is_delivered,
    areas.area_basis,
    areas.unit_level,
    areas.unit_code,
    areas.unit_name,
    areas.units_with_agencies as units_total,
    categories.question,
    categories.target_group,
    categories.category,
    asked_categories.form is not null as is_asked
from rounds
inner join areas
    on rounds.time_period = areas.time_period
    and (rounds.is_delivered or areas.unit_level = 'country')
cross join categories
cross join newest
left join first_asked
    on rounds.series = first_asked.series
    and categories.question = first_asked.question
left join asked_categories
    on rounds.form = asked_categories.form
    and categories.question = asked_categories.question
    and categories.target_group = asked_categories.target_group
    and categories.category = asked_categories.category
where
    (areas.area_basis = 'reported' or rounds.time_period <= newest.newest_period)
    and (categories.question = 'fte_by_service' or rounds.time_period >= first_asked.time_period)
