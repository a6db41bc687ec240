{# Numbers that stand for addresses, so that joins name one column. They depend on the address alone: a build of some forms
   gives the same as a build of all, on both engines. What few rows are joined by has no number, but a name: see the end. #}

{# The key of a delivered sheet: 40 bits of a digest of its address. Two sheets of one key are found by the test of
   stg_raw__sheets. #}
{% macro key_of_sheet(rows) -%}
    {%- set address = "concat_ws('|', " ~ rows ~ ".form, " ~ rows ~ ".file, " ~ rows ~ ".sheet, " ~ rows ~ ".layout)" -%}
    {{ hexadecimal('substr(' ~ text_hash(address) ~ ', 1, 10)') }}
{%- endmacro %}

{# The key of a delivered row: its sheet's, and 23 bits for its number, so that the rows of a sheet lie together and in their
   order. A digest of every row would cost more than the joins that it saves. #}
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
