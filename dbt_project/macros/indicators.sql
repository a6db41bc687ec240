{# The row of a grid: target group, reporting form and item of a question, as far as the question has them; else all. #}
{% macro indicator_item(rows) -%}
    coalesce(
        nullif(
            concat_ws(
                '_',
                nullif({{ rows }}.target_group, 'total'),
                nullif({{ rows }}.reporting_form, 'total'),
                nullif({{ rows }}.item, 'all')
            ),
            ''
        ),
        'all'
    )
{%- endmacro %}
