{# Numbers that stand for addresses, so that joins name one column. They depend on the address alone: a build of some forms
   gives the same as a build of all, on both engines. #}

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
