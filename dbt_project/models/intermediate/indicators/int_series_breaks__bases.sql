with asked as (
    select
        indicator,
        min(time_period) as first_period,
        max(time_period) as last_period
    from {{ ref('int_indicator_rounds') }}
    where units != 'anonymous'
    group by indicator
),

bases as (
    select
        indicator,
        time_period,
        base,
        lag(base) over (partition by indicator order by time_period) as previous_base
    from {{ ref('int_indicator_bases') }}
)

select
    bases.indicator,
    bases.time_period,
    'base' as kind,
    -- Still comparable, since the tables have both the share of those who answered and the share of all units.
    true as comparable_before,
    'Prosentgrunnlaget er et annet enn før: ' || before.label_nb || ' ble til ' || after.label_nb || '.' as description_nb,
    'The base is another one than before: ' || before.label_en || ' became ' || after.label_en || '.' as description_en
from bases
inner join asked
    on bases.indicator = asked.indicator
    and bases.time_period > asked.first_period
    and bases.time_period <= asked.last_period
inner join {{ ref('stg_classifications__codelists') }} as before
    on before.codelist = 'base'
    and bases.previous_base = before.code
inner join {{ ref('stg_classifications__codelists') }} as after
    on after.codelist = 'base'
    and bases.base = after.code
where bases.base != bases.previous_base
