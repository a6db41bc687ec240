{% set columns = {
    'children': 'population_under_18', 'adults': 'population_18_plus', 'total': 'population_under_18 + population_18_plus'
} %}
with areas as (
    select * from {{ ref('int_areas') }}
)

{% for target_group, expression in columns.items() %}
    select
        time_period,
        area_basis,
        unit_level,
        unit_code,
        '{{ target_group }}' as target_group,
        {{ exact(expression) }} as population
    from areas
    {% if not loop.last %}union all{% endif %}
{% endfor %}
