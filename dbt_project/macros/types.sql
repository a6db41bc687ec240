{# Exact decimal of every sum: sums of it do not depend on the order of rows, on any engine. #}
{% macro exact(expression) -%}
    cast({{ expression }} as decimal(18, 6))
{%- endmacro %}

{# SHA-256 of a text, as hexadecimal digits. #}
{% macro text_hash(expression) -%}
    {{ return(adapter.dispatch('text_hash')(expression)) }}
{%- endmacro %}

{% macro default__text_hash(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{% macro spark__text_hash(expression) -%}
    sha2({{ expression }}, 256)
{%- endmacro %}

{# A measure as the public tables have it, cast once, last. #}
{% macro public_measure(expression) -%}
    cast({{ expression }} as double)
{%- endmacro %}

{# A rate or share as the public tables have it: ten decimals. #}
{% macro public_ratio(expression) -%}
    round(cast({{ expression }} as double), 10)
{%- endmacro %}
