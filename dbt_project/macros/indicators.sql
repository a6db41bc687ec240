{# The row of a grid: target group, reporting form and item of a question; `all` for parts that it does not have. #}
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
