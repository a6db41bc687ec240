{# The quantile of a column, interpolated between neighbours. #}
{% macro quantile_of(expression, share) -%}
    {{ return(adapter.dispatch('quantile_of')(expression, share)) }}
{%- endmacro %}

{% macro default__quantile_of(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}

{# A limit of the control, from the parameters. #}
{% macro limit_of(parameter) -%}
    (
        select cast(parameters.value as double)
        from {{ ref('stg_classifications__parameters') }} as parameters
        where parameters.parameter = '{{ parameter }}'
    )
{%- endmacro %}
