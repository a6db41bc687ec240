{# The questions of part 1 that break down a unit's FTE; the code list fte_breakdown gives the code list of each. #}
{% macro fte_questions() -%}
    ('fte_by_service', 'fte_by_education', 'fte_by_pathway')
{%- endmacro %}

{# Adds the totals over categories, over target groups and over both to rows of FTE. Rows have target_group, question,
   category, the keys, and the columns to sum. A missing value adds nothing, but the flag with its reason is kept. #}
{% macro fte_with_totals(relation, keys) -%}
    {%- set keys = keys | join(', ') -%}
    select
        {{ keys }},
        question,
        coalesce(target_group, 'total') as target_group,
        coalesce(category, 'total') as category,
        {{ exact('sum(fte)') }} as fte,
        {{ exact('sum(fte_carried_forward)') }} as fte_carried_forward,
        bool_or(is_carried_forward) as is_carried_forward,
        min(carried_from) as carried_from,
        bool_or(is_confirmed) as is_confirmed,
        bool_or(is_from_constructed) as is_from_constructed,
        bool_or(is_rejected) as is_rejected,
        bool_or(is_half_missing) as is_half_missing,
        bool_or(is_corrected) as is_corrected,
        bool_or(is_estimated) as is_estimated,
        bool_or(is_weight_estimated) as is_weight_estimated,
        bool_or(is_weight_missing) as is_weight_missing
    from {{ relation }}
    group by grouping sets (
        ({{ keys }}, question, target_group, category),
        ({{ keys }}, question, target_group),
        ({{ keys }}, question, category),
        ({{ keys }}, question)
    )
{%- endmacro %}

{# The weight of a split that applies to a target group. #}
{% macro weight_of(target_group, rows) -%}
    case {{ target_group }} when 'children' then {{ rows }}.weight_children else {{ rows }}.weight_adults end
{%- endmacro %}

{# The figures of a breakdown with each category's share of the total of its target group. #}
{% macro fte_with_shares(question, category, of_total=[]) -%}
    with observations as (
        select * from {{ ref('int_fte_observations') }}
        where question = '{{ question }}'
    ),

    totals as (
        select * from observations
        where category = 'total'
    )

    select
        observations.time_period,
        observations.series,
        observations.unit_level,
        observations.unit_code,
        observations.unit_name,
        observations.area_basis,
        observations.target_group,
        observations.category as {{ category }},
        observations.fte,
        cast(observations.fte as double) / nullif(cast(totals.fte as double), 0) as share,
        {% for name in of_total %}
            totals.{{ name }},
        {% endfor %}
        observations.coverage,
        observations.imputed_share,
        observations.series_break,
        observations.obs_status,
        observations.absence_reason,
        observations.obs_note,
        observations.is_from_constructed
    from observations
    inner join totals
        on observations.time_period = totals.time_period
        and observations.area_basis = totals.area_basis
        and observations.unit_level = totals.unit_level
        and observations.unit_code = totals.unit_code
        and observations.target_group = totals.target_group
{%- endmacro %}

{# By how much the ratio of two rounded figures may be too low: when rounding made the part smaller and the whole larger.
   Each is a measure of int_reconciliation__fte in a role. #}
{% macro ratio_error(measure, part, whole) -%}
    {%- set part_error, whole_error = measure ~ '_error_' ~ part, measure ~ '_error_' ~ whole -%}
    {%- set part, whole = 'figures.' ~ measure ~ '_' ~ part, 'figures.' ~ measure ~ '_' ~ whole -%}
    (({{ part }} + figures.{{ part_error }}) / nullif({{ whole }} - figures.{{ whole_error }}, 0) - {{ part }} / nullif({{ whole }}, 0))
{%- endmacro %}
