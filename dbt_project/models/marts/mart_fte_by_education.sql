-- FTE by education of the staff. Until deliveries give the units, the country only: FTE where printed, and the printed
-- shares where only those are. A category that the form of the year did not have is not asked.
with rounds as (
    select * from {{ ref('int_rounds') }}
),

categories as (
    select
        groups.code as target_group,
        categories.code as education
    from {{ ref('stg_classifications__codelists') }} as groups
    cross join {{ ref('stg_classifications__codelists') }} as categories
    where groups.codelist = 'target_group' and categories.codelist = 'education'
),

country as (
    select * from {{ ref('int_areas') }}
    where unit_level = 'country'
),

fte as (
    select * from {{ ref('int_fte_printed__breakdown') }}
    where breakdown = 'education'
),

totals as (
    select
        time_period,
        target_group,
        fte as fte_total
    from fte
    where category = 'total'
),

service_totals as (
    select
        time_period,
        target_group,
        fte,
        fte_error,
        obs_note
    from {{ ref('mart_fte_by_service') }}
    where unit_level = 'country' and area_basis = 'reported' and service_type = 'total'
),

shares as (
    select * from {{ ref('int_share_printed__country') }}
),

collected as (
    -- A category is asked in a round unless print marks it as not collected for either group.
    select
        time_period,
        education,
        bool_or(not_collected) as not_collected
    from shares
    group by time_period, education
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
        categories.education,
        coalesce(rounds.units_carried_forward, 0) > 0 as has_carried_forward,
        rounds.units_carried_forward = 0 as has_none_carried_forward
    from rounds
    inner join country
        on rounds.time_period = country.time_period
    cross join categories
),

figures as (
    select
        grid.*,
        coalesce(fte.fte, case when grid.education = 'total' then service_totals.fte end) as fte,
        coalesce(fte.fte_error, case when grid.education = 'total' then service_totals.fte_error end) as fte_error,
        case
            when fte.fte is not null then fte.fte / nullif(totals.fte_total, 0)
            else shares.share
        end as share,
        coalesce(
            fte.obs_note,
            case when grid.education = 'total' then service_totals.obs_note end,
            case when shares.share is not null then 'share_from_print' end
        ) as obs_note,
        coalesce(collected.not_collected, false) as not_collected,
        lag(grid.time_period) over (
            partition by grid.area_basis, grid.unit_level, grid.unit_code, grid.target_group, grid.education
            order by grid.time_period
        ) as previous_period
    from rows_of_rounds as grid
    left join fte
        on grid.time_period = fte.time_period
        and grid.target_group = fte.target_group
        and grid.education = fte.category
    left join totals
        on grid.time_period = totals.time_period
        and grid.target_group = totals.target_group
    left join service_totals
        on grid.time_period = service_totals.time_period
        and grid.target_group = service_totals.target_group
    left join shares
        on grid.time_period = shares.time_period
        and grid.target_group = shares.target_group
        and grid.education = shares.education
    left join collected
        on grid.time_period = collected.time_period
        and grid.education = collected.education
),

reasons as (
    select
        *,
        case
            when fte is not null then null
            when not_collected then 'not_asked'
            else 'not_delivered'
        end as absence_reason
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
    reasons.education,
    reasons.fte,
    reasons.fte_error,
    reasons.share,
    case when reasons.fte is not null and reasons.has_none_carried_forward then 0 end as imputed_share,
    {{ has_break("'fte_by_education'", 'reasons') }} as series_break,
    case
        when reasons.absence_reason is not null then {{ absence_status('reasons.absence_reason') }}
        when reasons.has_carried_forward then 'I'
        else 'A'
    end as obs_status,
    reasons.absence_reason,
    reasons.obs_note
from reasons
