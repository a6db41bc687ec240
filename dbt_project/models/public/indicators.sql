-- One row per indicator: how its newest round asked it, and since when its figures can be compared with that round.
with periods as (
    select
        indicator,
        max(time_period) as newest_period
    from {{ ref('mart_indicator_periods') }}
    group by indicator
),

comparable as (
    select
        periods.indicator,
        least(
            periods.newest_period,
            min(case when comparability.verdict != 'not_comparable' then comparability.time_period_from end)
        ) as comparable_since
    from periods
    left join {{ ref('mart_comparability') }} as comparability
        on periods.indicator = comparability.indicator
        and periods.newest_period = comparability.time_period_to
    group by periods.indicator, periods.newest_period
),

newest_rounds as (
    select
        rounds.indicator,
        {{ joined_once('options.answers', ' / ') }} as options,
        {{ joined_once('rounds.population_asked', ' / ') }} as population,
        max(rounds.unit_set) as unit_set,
        max(rounds.wording_nb) as wording_nb
    from {{ ref('int_indicator_rounds') }} as rounds
    inner join periods
        on rounds.indicator = periods.indicator
        and rounds.time_period = periods.newest_period
    left join {{ ref('int_indicator_options') }} as options
        on rounds.form = options.form
        and rounds.indicator = options.indicator
        and rounds.item = options.item
    group by rounds.indicator
),

scores as (
    select
        scale,
        {{ joined_once("cast(score as string) || '=' || answer", '|') }} as scores
    from {{ ref('stg_indicators__scores') }}
    group by scale
),

names as (
    select
        indicator,
        {{ joined("source_id || ':' || name", ';', 'source_id, name') }} as aliases
    from {{ ref('int_indicator_names') }}
    group by indicator
)

select
    periods.indicator,
    coalesce(labels.label_nb, newest_rounds.wording_nb, periods.indicator) as label_nb,
    coalesce(labels.label_en, replace(periods.indicator, '_', ' ')) as label_en,
    labels.scale,
    newest_rounds.options,
    scores.scores,
    coalesce(newest_rounds.population, 'all') as population,
    bases.base,
    coalesce(newest_rounds.unit_set, 'with_agencies') as unit_set,
    names.aliases,
    cast(coalesce(comparable.comparable_since, periods.newest_period) as integer) as comparable_since
from periods
left join {{ ref('stg_indicators__indicators') }} as labels
    on periods.indicator = labels.indicator
left join scores
    on labels.scale = scores.scale
left join {{ ref('int_indicator_bases') }} as bases
    on periods.indicator = bases.indicator
    and periods.newest_period = bases.time_period
left join newest_rounds
    on periods.indicator = newest_rounds.indicator
left join comparable
    on periods.indicator = comparable.indicator
left join names
    on periods.indicator = names.indicator
