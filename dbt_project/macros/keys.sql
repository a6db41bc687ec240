{# Numbers that represent addresses, so that joins need one column. They depend on the address alone: a build of some forms
   gives the same numbers as a build of all, on both engines. Joins of few rows use names instead: see the end. #}

{# The key of a delivered sheet: 40 bits of a digest of its address. A test of stg_raw__sheets finds two sheets with the
   same key. #}
{% macro key_of_sheet(rows) -%}
    {%- set address = "concat_ws('|', " ~ rows ~ ".form, " ~ rows ~ ".file, " ~ rows ~ ".sheet, " ~ rows ~ ".layout)" -%}
    {{ hexadecimal('substr(' ~ text_hash(address) ~ ', 1, 10)') }}
{%- endmacro %}

{# The key of a delivered row: the key of its sheet and 23 bits for its number, so that the rows of a sheet stay together and
   in order. A digest of every row would cost more than the joins save. #}
{% macro key_of_row(sheet_key, row_number) -%}
    {{ sheet_key }} * 8388608 + {{ row_number }}
{%- endmacro %}

{# Rows about the same question: what a form asks, in a row of it, for a target group and in a reporting form. #}
{% macro same_question(left, right) -%}
    {{ same(left, right, ['form', 'question', 'item', 'target_group', 'reporting_form']) }}
{%- endmacro %}

{# Rows about the same area, on the same map. The year is the join's own: some areas are of the year of collection. #}
{% macro same_area(left, right) -%}
    {{ same(left, right, ['area_basis', 'unit_level', 'unit_code']) }}
{%- endmacro %}

{% macro same(left, right, columns) -%}
    {% for column in columns -%}
        {{ left }}.{{ column }} = {{ right }}.{{ column }}
        {%- if not loop.last %} and {% endif %}
    {%- endfor %}
{%- endmacro %}
