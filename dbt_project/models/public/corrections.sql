-- Applied corrections in public words: subject, year, kind and date. A unit's FTE are public, so a correction of them names
-- the unit. For all other answers, it is not even public that a unit was corrected. Questions that no public table shows
-- have no rows: the choice of reporting form and the change of practice.
with indicators as (
    select distinct indicator from {{ ref('mart_indicator_periods') }}
),

corrections as (
    select
        corrections.*,
        breakdowns.code is not null as is_fte
    from {{ ref('int_corrections') }} as corrections
    left join {{ ref('stg_classifications__codelists') }} as breakdowns
        on breakdowns.codelist = 'fte_breakdown'
        and corrections.question = breakdowns.code
    left join indicators
        on corrections.question = indicators.indicator
    left join {{ ref('stg_classifications__codelists') }} as amounts
        on amounts.codelist = 'amount'
        and corrections.question = amounts.code
    where
        corrections.verdict = 'applied'
        and (breakdowns.code is not null or indicators.indicator is not null or amounts.code is not null)
),

areas as (
    select * from {{ ref('int_areas') }}
    where area_basis = 'reported'
)

select
    corrections.question as subject,
    corrections.time_period,
    areas.unit_level,
    areas.unit_code,
    areas.unit_name,
    corrections.kind,
    cast(max(corrections.decided_on) as string) as corrected_on
from corrections
inner join areas
    on corrections.time_period = areas.time_period
    and case when corrections.is_fte then corrections.unit_code else '0' end = areas.unit_code
    and (areas.unit_level = 'country') != corrections.is_fte
    and areas.unit_level in ('country', 'municipality', 'city_district', 'agency')
group by
    corrections.question, corrections.time_period, areas.unit_level, areas.unit_code, areas.unit_name, corrections.kind
