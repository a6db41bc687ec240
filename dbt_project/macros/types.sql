{# The exact decimal type of every sum: on both engines, sums of it do not depend on the order of rows. #}
{% macro exact(expression) -%}
    cast({{ expression }} as decimal(18, 6))
{%- endmacro %}

{# The mean of doubles, summed as decimals, so that it does not depend on the order of rows. On Spark it repeats DuckDB's
   steps: a double becomes a decimal through its product with a power of ten; a decimal with more digits than a double holds
   becomes a double in two halves. #}
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

{# A measure in the type of the public tables; cast once, as the last step. #}
{% macro public_measure(expression) -%}
    cast({{ expression }} as double)
{%- endmacro %}

{# A rate or share with the ten decimals of the public tables. #}
{% macro public_ratio(expression) -%}
    round(cast({{ expression }} as double) * 1e10) / 1e10
{%- endmacro %}
