{# 'a=x;b=y' -> map {a: x, b: y}; an empty text gives an empty map. #}
{% macro parse_dimensions(column) -%}
    {{ return(adapter.dispatch('parse_dimensions')(column)) }}
{%- endmacro %}

{% macro default__parse_dimensions(column) -%}
    map_from_entries(
        list_transform(
            list_filter(string_split(coalesce({{ column }}, ''), ';'), lambda part: part != ''),
            lambda part: struct_pack(k := split_part(part, '=', 1), v := split_part(part, '=', 2))
        )
    )
{%- endmacro %}

{# The names of the dimensions of 'a=x;b=y', sorted and joined: 'a;b'. #}
{% macro dimension_names(column) -%}
    {{ return(adapter.dispatch('dimension_names')(column)) }}
{%- endmacro %}

{% macro default__dimension_names(column) -%}
    array_to_string(
        list_sort(
            list_transform(
                list_filter(string_split(coalesce({{ column }}, ''), ';'), lambda part: part != ''),
                lambda part: split_part(part, '=', 1)
            )
        ),
        ';'
    )
{%- endmacro %}

{# The parts of 'b=y;a=x', sorted by name and joined by a bar: 'a=x|b=y'. #}
{% macro dimensions_sorted(column) -%}
    {{ return(adapter.dispatch('dimensions_sorted')(column)) }}
{%- endmacro %}

{% macro default__dimensions_sorted(column) -%}
    array_to_string(
        list_transform(
            list_sort(
                list_transform(
                    list_filter(string_split(coalesce({{ column }}, ''), ';'), lambda part: part != ''),
                    lambda part: struct_pack(name := split_part(part, '=', 1), part := part)
                )
            ),
            lambda pair: pair.part
        ),
        '|'
    )
{%- endmacro %}
