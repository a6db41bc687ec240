{# Exact decimal of every sum: sums of it do not depend on the order of rows, on any engine. #}
{% macro exact(expression) -%}
    cast({{ expression }} as decimal(18, 6))
{%- endmacro %}

{# The mean of doubles, summed up as decimals, so that it does not depend on the order of rows. On Spark in the same steps as
   DuckDB takes: a double becomes a decimal by its product with a power of ten, and a decimal a double in two halves where it
   has more digits than a double holds. #}
{% macro exact_mean(expression) -%}
    {{ return(adapter.dispatch('exact_mean')(expression)) }}
{%- endmacro %}

{% macro default__exact_mean(expression) -%}
    sum(cast({{ expression }} as decimal(28, 14))) / count({{ expression }})
{%- endmacro %}

{% macro spark__exact_mean(expression) -%}
    {%- set total = 'sum(cast(cast(round(' ~ expression ~ ' * 1e14) as bigint) as decimal(28, 0)))' -%}
    case
        when abs({{ total }}) <= 9007199254740992 then cast({{ total }} as double) / 1e14
        else cast({{ total }} div 100000000000000 as double) + cast({{ total }} % 100000000000000 as double) / 1e14
    end / count({{ expression }})
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
    round(cast({{ expression }} as double) * 1e10) / 1e10
{%- endmacro %}
