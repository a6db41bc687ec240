{# The questions of part 1 that divide a unit's FTE, and the code lists of their categories. #}
{% macro fte_breakdowns() -%}
    {{ return({'fte_by_service': 'service_type', 'fte_by_education': 'education', 'fte_by_pathway': 'pathway'}) }}
{%- endmacro %}

{# The same as a list in SQL. #}
{% macro fte_questions() -%}
    ('{{ fte_breakdowns().keys() | join("', '") }}')
{%- endmacro %}

{# Adds the totals over categories, over target groups and over both to rows of FTE. Rows have target_group, question, category,
   the keys, and what is summed: a missing value adds nothing; it leaves its reason. #}
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
