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

{% macro spark__parse_dimensions(column) -%}
    map_from_entries(
        transform(
            {{ spark__dimension_parts(column) }},
            part -> struct(split_part(part, '=', 1) as k, split_part(part, '=', 2) as v)
        )
    )
{%- endmacro %}

{# The parts of 'a=x;b=y'; an empty text has none. #}
{% macro spark__dimension_parts(column) -%}
    filter(split(coalesce({{ column }}, ''), ';'), part -> part != '')
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

{% macro spark__dimension_names(column) -%}
    array_join(array_sort(transform({{ spark__dimension_parts(column) }}, part -> split_part(part, '=', 1))), ';')
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

{% macro spark__dimensions_sorted(column) -%}
    array_join(
        transform(
            array_sort(
                transform({{ spark__dimension_parts(column) }}, part -> struct(split_part(part, '=', 1) as name, part as part))
            ),
            pair -> pair.part
        ),
        '|'
    )
{%- endmacro %}

{# The names of 'a;b;c' that are not in a list, joined by semicolons. A name occurs at most once. #}
{% macro names_without(column, names) -%}
    {%- set ns = namespace(text="';' || " ~ column ~ " || ';'") -%}
    {%- for name in names -%}
        {%- set ns.text = "replace(" ~ ns.text ~ ", ';" ~ name ~ ";', ';')" -%}
    {%- endfor -%}
    trim(both ';' from {{ ns.text }})
{%- endmacro %}
