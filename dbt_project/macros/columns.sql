{# The kind of text in a cell, judged by the text alone, so that columns of different meaning differ in their kinds. Each
   whole number from 1 to 9 is a kind, since it may be a code; other numbers are grouped by size. `is_word` is true for a
   text that is frequent in some column; each such text is a kind. The text must be trimmed and have single blanks. #}
{% macro kind_of(text, is_word) -%}
    {%- set number = typed_number(text) -%}
    case
        when {{ matches_whole(text, "'[-\\x{2013}.]?'") }} then 'blank'
        when {{ is_word }} then 'word ' || lower({{ text }})
        when {{ matches_whole(text, "'[1-9]([.]0+)?'") }} then 'digit ' || substr({{ text }}, 1, 1)
        when {{ matches_whole(text, "'[0-9]{4,}'") }} then 'long ' || cast(length({{ text }}) as string)
        when {{ number }} = 0 then 'zero'
        when {{ number }} > 0
            then 'number ' || cast(cast(floor(ln(cast({{ number }} as double)) / ln(2)) as integer) as string)
        when {{ matches_whole(text, "'[0-9]{1,4}[-./][0-9]{1,2}[-./][0-9]{1,4}.*'") }} then 'date'
        when not {{ matches_whole(text, "'.*[A-Za-z\\x{00c0}-\\x{024f}].*'") }} then 'signs'
        when length({{ text }}) <= 25 then 'text'
        else 'long text'
    end
{%- endmacro %}

{# The evidence of ctl_record_moves, one row for each direction in which values may have moved. #}
{% macro moves_by_direction() -%}
    select
        row_key,
        column_number,
        'right' as direction,
        moved_right as evidence
    from {{ ref('ctl_record_moves') }}
    where moved_right is not null

    union all

    select
        row_key,
        column_number,
        'left' as direction,
        moved_left as evidence
    from {{ ref('ctl_record_moves') }}
    where moved_left is not null
{%- endmacro %}
