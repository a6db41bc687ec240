{# The row of a grid: those of target group, reporting form and item that a question has; `all` where it has none. #}
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
