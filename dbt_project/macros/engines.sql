{# SQL that the engines write differently. A model calls these macros; all other SQL in it means the same to both engines.
   DuckDB is the default. dimensions.sql, types.sql and control.sql have such macros for their own subjects. #}

{# The rows of a list: one row per element. #}
{% macro each_of(list) -%}
    {{ return(adapter.dispatch('each_of')(list)) }}
{%- endmacro %}

{% macro default__each_of(list) -%}
    unnest({{ list }})
{%- endmacro %}

{% macro spark__each_of(list) -%}
    explode({{ list }})
{%- endmacro %}

{# A list of expressions. #}
{% macro list_of(expressions) -%}
    {{ return(adapter.dispatch('list_of')(expressions)) }}
{%- endmacro %}

{% macro default__list_of(expressions) -%}
    [{{ expressions | join(', ') }}]
{%- endmacro %}

{% macro spark__list_of(expressions) -%}
    array({{ expressions | join(', ') }})
{%- endmacro %}

{# The parts of a text between separators, as a list. #}
{% macro parts_of(text, separator) -%}
    {{ return(adapter.dispatch('parts_of')(text, separator)) }}
{%- endmacro %}

{% macro default__parts_of(text, separator) -%}
    string_split({{ text }}, '{{ separator }}')
{%- endmacro %}

{% macro spark__parts_of(text, separator) -%}
    split({{ text }}, '\Q{{ separator }}\E')
{%- endmacro %}

{# The parts of a text between the matches of a pattern, as a list. #}
{% macro parts_between(text, pattern) -%}
    {{ return(adapter.dispatch('parts_between')(text, pattern)) }}
{%- endmacro %}

{% macro default__parts_between(text, pattern) -%}
    regexp_split_to_array({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__parts_between(text, pattern) -%}
    split({{ text }}, '{{ pattern }}')
{%- endmacro %}

{# The parts of a text between separators, an expression, as a list. #}
{% macro parts_by(text, separator) -%}
    {{ return(adapter.dispatch('parts_by')(text, separator)) }}
{%- endmacro %}

{% macro default__parts_by(text, separator) -%}
    string_split({{ text }}, {{ separator }})
{%- endmacro %}

{% macro spark__parts_by(text, separator) -%}
    split({{ text }}, concat('\Q', {{ separator }}, '\E'))
{%- endmacro %}

{# The texts of a group in an order, joined by a separator. #}
{% macro joined(expression, separator, order_by) -%}
    {{ return(adapter.dispatch('joined')(expression, separator, order_by)) }}
{%- endmacro %}

{% macro default__joined(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined(expression, separator, order_by) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}

{# The distinct texts of a group, sorted and joined by a separator. #}
{% macro joined_once(expression, separator) -%}
    {{ return(adapter.dispatch('joined_once')(expression, separator)) }}
{%- endmacro %}

{% macro default__joined_once(expression, separator) -%}
    string_agg(distinct {{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}

{#- Spark 4.3 cannot plan two `listagg(distinct ...)` in one query. #}
{% macro spark__joined_once(expression, separator) -%}
    nullif(array_join(array_sort(collect_set({{ expression }})), '{{ separator }}'), '')
{%- endmacro %}

{# Whether a pattern, an expression, matches the whole text. The project's patterns mean the same to both engines; in Java's
   own dialect a dot excludes more characters than the line feed. #}
{% macro matches_whole(text, pattern) -%}
    {{ return(adapter.dispatch('matches_whole')(text, pattern)) }}
{%- endmacro %}

{% macro default__matches_whole(text, pattern) -%}
    regexp_full_match({{ text }}, {{ pattern }})
{%- endmacro %}

{% macro spark__matches_whole(text, pattern) -%}
    regexp_like({{ text }}, concat('\A(?d:', {{ pattern }}, ')\z'))
{%- endmacro %}

{# A text with every match of a pattern replaced. #}
{% macro replaced(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('replaced')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro default__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro spark__replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{# The text that the group of a pattern, an expression, matches; empty where there is no match. #}
{% macro found_in(text, pattern) -%}
    regexp_extract({{ text }}, {{ pattern }}, 1)
{%- endmacro %}

{# A text without the first match of a pattern, an expression. #}
{% macro without_first(text, pattern) -%}
    {{ return(adapter.dispatch('without_first')(text, pattern)) }}
{%- endmacro %}

{% macro default__without_first(text, pattern) -%}
    regexp_replace({{ text }}, {{ pattern }}, '')
{%- endmacro %}

{#- Spark replaces every match, so the text before and after the first match is joined. #}
{% macro spark__without_first(text, pattern) -%}
    case
        when regexp_instr({{ text }}, {{ pattern }}) = 0 then {{ text }}
        else concat(
            substr({{ text }}, 1, regexp_instr({{ text }}, {{ pattern }}) - 1),
            substr(
                {{ text }},
                regexp_instr({{ text }}, {{ pattern }}) + length(regexp_extract({{ text }}, {{ pattern }}, 0))
            )
        )
    end
{%- endmacro %}

{# All matches of a pattern in a text, as a list. #}
{% macro all_matches(text, pattern) -%}
    {{ return(adapter.dispatch('all_matches')(text, pattern)) }}
{%- endmacro %}

{% macro default__all_matches(text, pattern) -%}
    regexp_extract_all({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro spark__all_matches(text, pattern) -%}
    regexp_extract_all({{ text }}, '{{ pattern }}', 0)
{%- endmacro %}

{# The number that hexadecimal digits represent. #}
{% macro hexadecimal(digits) -%}
    {{ return(adapter.dispatch('hexadecimal')(digits)) }}
{%- endmacro %}

{% macro default__hexadecimal(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}

{% macro spark__hexadecimal(digits) -%}
    cast(conv({{ digits }}, 16, 10) as bigint)
{%- endmacro %}
