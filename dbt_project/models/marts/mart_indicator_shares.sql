{#- The models of figures, with the columns of each beyond those that all have. #}
{% set parts = {
    'int_indicator_figures': [
        'n_units', 'n_outside_country', 'n_answer', 'n_answered', 'is_corrected', 'is_kept', 'false as is_sample'
    ],
    'int_indicator_samples': [
        'n_units', '0 as n_outside_country', 'n_answer', 'n_answered', 'false as is_corrected', 'false as is_kept',
        'true as is_sample'
    ],
    'int_indicator_gaps': [
        'cast(null as bigint) as n_units', '0 as n_outside_country', 'cast(null as bigint) as n_answer',
        'cast(null as bigint) as n_answered', 'false as is_corrected', 'false as is_kept', 'false as is_sample'
    ],
} %}
with all_figures as (
    {% for name, columns in parts.items() %}
        select
            indicator,
            answer,
            item,
            time_period,
            unit_level,
            unit_code,
            unit_name,
            area_basis,
            unit_set,
            absence_reason,
            {{ columns | join(', ') }}
        from {{ ref(name) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

figures as (
    select
        *,
        lag(time_period) over (
            partition by indicator, answer, item, unit_level, unit_code, area_basis
            order by time_period
        ) as previous_period,
        max(case when unit_level = 'country' and absence_reason is null then n_answer end) over country as country_answer,
        max(case when unit_level = 'country' and absence_reason is null then n_units end) over country as country_units
    from all_figures
    window country as (partition by indicator, answer, item, time_period)
),

unions as (
    -- The total of a grid's rows may have the union without its parts.
    select distinct
        figures.indicator,
        figures.item,
        figures.time_period,
        figures.answer
    from figures
    inner join {{ ref('stg_indicators__answer_groups') }} as answer_groups
        on figures.answer = answer_groups.answer
        and answer_groups.indicator in (figures.indicator, '*')
    inner join figures as parts
        on figures.indicator = parts.indicator
        and figures.item = parts.item
        and figures.time_period = parts.time_period
        and answer_groups.member = parts.answer
)

select
    figures.indicator,
    figures.answer,
    figures.item,
    figures.time_period,
    figures.unit_level,
    figures.unit_code,
    figures.unit_name,
    figures.area_basis,
    case when figures.absence_reason is null then figures.n_answer end as n_answer,
    case when coalesce(figures.absence_reason, 'not_answered') = 'not_answered' then figures.n_answered end as n_answered,
    case when coalesce(figures.absence_reason, 'not_answered') = 'not_answered' then figures.n_units end as n_units,
    case when figures.absence_reason is null then cast(figures.n_answer as double) / figures.n_answered end
        as share_of_answered,
    case when figures.absence_reason is null then cast(figures.n_answer as double) / figures.n_units end as share_of_all,
    case
        when figures.absence_reason is not null then null
        when bases.base = 'all' then cast(figures.n_answer as double) / figures.n_units
        else cast(figures.n_answer as double) / figures.n_answered
    end as share,
    bases.base,
    figures.unit_set,
    -- A union counts units that its parts count too.
    unions.answer is not null as is_union,
    {{ has_break('figures.indicator', 'figures', 'int_series_breaks') }} or {{ has_moved('figures') }} as series_break,
    case
        when figures.absence_reason is not null then {{ absence_status('figures.absence_reason') }}
        when figures.is_sample then 'U'
        else 'A'
    end as obs_status,
    figures.absence_reason,
    case
        when figures.absence_reason is null then {{ notes({
            'awaits_changes': 'figures.is_kept',
            'corrected': 'figures.is_corrected',
        }) }}
    end as obs_note,
    -- At most as many units of a group gave the answer as in the country, and at least the country's number less all other
    -- units. Units that the country counts as one (n_outside_country) come in addition.
    case
        when figures.absence_reason = 'confidential' and figures.country_answer is not null
            then greatest(
                    0, figures.country_answer - (figures.country_units - (figures.n_units - figures.n_outside_country))
                )
    end as n_answer_lower,
    case
        when figures.absence_reason = 'confidential' and figures.country_answer is not null
            then least(figures.n_units, figures.country_answer + figures.n_outside_country)
    end as n_answer_upper
from figures
inner join {{ ref('int_indicator_bases') }} as bases
    on figures.indicator = bases.indicator
    and figures.time_period = bases.time_period
left join unions
    on figures.indicator = unions.indicator
    and figures.item = unions.item
    and figures.time_period = unions.time_period
    and figures.answer = unions.answer
