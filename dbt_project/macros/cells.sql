{# A text without blanks at its ends. #}
{% macro trimmed(text) -%}
    {%- set blanks = '[ \\t\\n\\f\\r\\x{00a0}\\x{2007}\\x{2009}\\x{202f}\\x{feff}]+' -%}
    {{ replaced(text, '^' ~ blanks ~ '|' ~ blanks ~ '$', '') }}
{%- endmacro %}

{# A text with single ordinary blanks inside. #}
{% macro single_blanks(text) -%}
    {{ replaced(text, '[ \\t\\n\\f\\r\\x{00a0}\\x{2007}\\x{2009}\\x{202f}]+', ' ') }}
{%- endmacro %}

{# A number as Norwegians type it, or null where the text is none: 1 234,5 and 1.234,5 and 1,234.5 and 0.5 and 12.
   The text is trimmed and has single blanks. Negative numbers are none. #}
{% macro typed_number(text) -%}
    try_cast(
        case
            when {{ matches_whole(text, "'[0-9]+([.,][0-9]+)?'") }} then replace({{ text }}, ',', '.')
            when {{ matches_whole(text, "'[.,][0-9]+'") }} then '0' || replace({{ text }}, ',', '.')
            when {{ matches_whole(text, "'[0-9]{1,3}( [0-9]{3})+([.,][0-9]+)?'") }}
                then replace(replace({{ text }}, ' ', ''), ',', '.')
            when {{ matches_whole(text, "'[0-9]{1,3}([.][0-9]{3})+,[0-9]+'") }}
                then replace(replace({{ text }}, '.', ''), ',', '.')
            when {{ matches_whole(text, "'[0-9]{1,3}(,[0-9]{3})+[.][0-9]+'") }}
                then replace({{ text }}, ',', '')
        end as decimal(18, 6)
    )
{%- endmacro %}

{# A code without zeros before it: 02 is 2 where a form has no other code that is. #}
{% macro whole_code(code) -%}
    coalesce(
        cast(try_cast(case when {{ matches_whole(code, "'[0-9]{1,18}'") }} then {{ code }} end as bigint) as string),
        {{ code }}
    )
{%- endmacro %}

{# A typed number that may be negative, as a double: codes that mean "no answer" are often. #}
{% macro signed_number(text) -%}
    case
        when {{ matches_whole(text, "'[-\\x{2212}] ?[0-9].*'") }}
            then -cast({{ typed_number("ltrim(substr(" ~ text ~ ", 2))") }} as double)
        else cast({{ typed_number(text) }} as double)
    end
{%- endmacro %}

{# A name as it is compared: lower case, single blanks, one kind of separator between languages, no county in brackets. #}
{% macro comparable_name(name) -%}
    trim(lower({{ replaced(replaced(single_blanks(name), ' ?[/–-] ?', '-'), ' ?[(].*[)]', '') }}))
{%- endmacro %}

{# A name of a unit as it is compared: as any name, without the word for what it is. #}
{% macro comparable_unit_name(name) -%}
    {{ replaced(comparable_name(name), '^bydel | (kommune|herad|bydel)$', '') }}
{%- endmacro %}

{# The same with what stands in brackets, which tells municipalities of one name apart: their counties. #}
{% macro full_unit_name(name) -%}
    {{ replaced('trim(lower(' ~ replaced(single_blanks(name), ' ?[/–-] ?', '-') ~ '))', '^bydel | (kommune|herad|bydel)$', '') }}
{%- endmacro %}

{# A code or number of a submission as it is compared: 1.0 and 1,00 are 1. #}
{% macro code_text(text) -%}
    {{ return(adapter.dispatch('code_text')(text)) }}
{%- endmacro %}

{% macro default__code_text(text) -%}
    regexp_replace({{ text }}, '^([0-9]+)[.,]0+$', '\1')
{%- endmacro %}

{% macro spark__code_text(text) -%}
    regexp_replace({{ text }}, '\A([0-9]+)[.,]0+\z', '$1')
{%- endmacro %}

{# The code of a district or agency, from the texts of a code and of a part's code. A lost leading zero is restored. #}
{% macro code_of_part(code, part_code) -%}
    case
        when length({{ part_code }}) <= 2 and length({{ code }}) <= 4
            then lpad({{ code }}, 4, '0') || lpad({{ part_code }}, 2, '0')
        when length({{ part_code }}) <= 6 then lpad({{ part_code }}, 6, '0')
        when length({{ code }}) in (5, 6) then lpad({{ code }}, 6, '0')
    end
{%- endmacro %}

{# The code of a municipality, from the text of a code. A lost leading zero is restored. #}
{% macro code_of_municipality(code) -%}
    case when length({{ code }}) <= 4 then lpad({{ code }}, 4, '0') end
{%- endmacro %}
