-- FTE by pathway, from the first round that asked for it. Until deliveries give the units, the country only.
with rounds as (
    select * from {{ ref('int_rounds') }}
),

categories as (
    select
        groups.code as target_group,
        categories.code as pathway
    from {{ ref('stg_classifications__codelists') }} as groups
    cross join {{ ref('stg_classifications__codelists') }} as categories
    where groups.codelist = 'target_group' and categories.codelist = 'pathway'
),

country as (
    select * from {{ ref('int_areas') }}
    where unit_level = 'country'
),

first_asked as (
    select min(time_period) as time_period
    from {{ ref('stg_classifications__series_breaks') }}
    where indicator = 'fte_by_pathway' and kind = 'new'
),

answers as (
    -- Units that answered, and units asked, as printed beside the distribution.
    select
        time_period,
        dimension['target_group'] as target_group,
        max(case when dimension['distribution'] = 'pathways' then value end) as units_answered,
        max(case when dimension['distribution'] = 'measures' then value end) as units_total
    from {{ ref('stg_published__figures') }}
    where measure = 'municipalities' and dimension_names = 'distribution;target_group'
    group by time_period, dimension['target_group']
),

fte as (
    select * from {{ ref('int_fte_printed__breakdown') }}
    where breakdown = 'pathway'
),

totals as (
    select
        time_period,
        target_group,
        fte as fte_total
    from fte
    where category = 'total'
),

rows_of_rounds as (
    select
        rounds.time_period,
        rounds.series,
        country.unit_level,
        country.unit_code,
        country.unit_name,
        country.area_basis,
        categories.target_group,
        categories.pathway,
        coalesce(rounds.units_carried_forward, 0) > 0 as has_carried_forward,
        rounds.units_carried_forward = 0 as has_none_carried_forward
    from rounds
    inner join country
        on rounds.time_period = country.time_period
    inner join first_asked
        on rounds.time_period >= first_asked.time_period
    cross join categories
),

figures as (
    select
        grid.*,
        fte.fte,
        fte.fte_error,
        fte.fte / nullif(totals.fte_total, 0) as share,
        answers.units_answered,
        answers.units_total,
        fte.obs_note,
        lag(grid.time_period) over (
            partition by grid.area_basis, grid.unit_level, grid.unit_code, grid.target_group, grid.pathway
            order by grid.time_period
        ) as previous_period
    from rows_of_rounds as grid
    left join fte
        on grid.time_period = fte.time_period
        and grid.target_group = fte.target_group
        and grid.pathway = fte.category
    left join totals
        on grid.time_period = totals.time_period
        and grid.target_group = totals.target_group
    left join answers
        on grid.time_period = answers.time_period
        and grid.target_group = answers.target_group
),

reasons as (
    select
        *,
        case when fte is null then 'not_delivered' end as absence_reason
    from figures
)

select
    reasons.time_period,
    reasons.series,
    reasons.unit_level,
    reasons.unit_code,
    reasons.unit_name,
    reasons.area_basis,
    reasons.target_group,
    reasons.pathway,
    reasons.fte,
    reasons.fte_error,
    reasons.share,
    reasons.units_answered,
    reasons.units_total,
    case when reasons.fte is not null and reasons.has_none_carried_forward then 0 end as imputed_share,
    {{ has_break("'fte_by_pathway'", 'reasons') }} as series_break,
    case
        when reasons.absence_reason is not null then {{ absence_status('reasons.absence_reason') }}
        when reasons.has_carried_forward then 'I'
        else 'A'
    end as obs_status,
    reasons.absence_reason,
    reasons.obs_note
from reasons
