{# A text without blanks at its ends. #}
{% macro trimmed(text) -%}
    {%- set blanks = '[ \\t\\n\\f\\r\\x{00a0}\\x{2007}\\x{2009}\\x{202f}\\x{feff}]+' -%}
    {{ replaced(text, '^' ~ blanks ~ '|' ~ blanks ~ '$', '') }}
{%- endmacro %}

{# A text with single ordinary blanks inside. #}
{% macro single_blanks(text) -%}
    {{ replaced(text, '[ \\t\\n\\f\\r\\x{00a0}\\x{2007}\\x{2009}\\x{202f}]+', ' ') }}
{%- endmacro %}

{# A number as Norwegians type it: 1 234,5 and 1.234,5 and 1,234.5 and 0.5 and 12. Null where the text is not a number;
   a negative number counts as not a number. The text must be trimmed and have single blanks. #}
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

{# A code without leading zeros: 02 is read as 2 where the form has only one of the two codes. #}
{% macro whole_code(code) -%}
    coalesce(
        cast(try_cast(case when {{ matches_whole(code, "'[0-9]{1,18}'") }} then {{ code }} end as bigint) as string),
        {{ code }}
    )
{%- endmacro %}

{# A typed number that may be negative, as a double: codes for "no answer" often are. #}
{% macro signed_number(text) -%}
    case
        when {{ matches_whole(text, "'[-\\x{2212}] ?[0-9].*'") }}
            then -cast({{ typed_number("ltrim(substr(" ~ text ~ ", 2))") }} as double)
        else cast({{ typed_number(text) }} as double)
    end
{%- endmacro %}

{# A name prepared for comparison: lower case, single blanks, one separator between languages, no county in brackets. #}
{% macro comparable_name(name) -%}
    trim(lower({{ replaced(replaced(single_blanks(name), ' ?[/–-] ?', '-'), ' ?[(].*[)]', '') }}))
{%- endmacro %}

{# A unit name prepared for comparison: as comparable_name, without the word for municipality or district. #}
{% macro comparable_unit_name(name) -%}
    {{ replaced(comparable_name(name), '^bydel | (kommune|herad|bydel)$', '') }}
{%- endmacro %}

{# The same, but with the county in brackets, which distinguishes municipalities of the same name. #}
{% macro full_unit_name(name) -%}
    {{ replaced('trim(lower(' ~ replaced(single_blanks(name), ' ?[/–-] ?', '-') ~ '))', '^bydel | (kommune|herad|bydel)$', '') }}
{%- endmacro %}

{# A code or submission number prepared for comparison: 1.0 and 1,00 become 1. #}
{% macro code_text(text) -%}
    {{ return(adapter.dispatch('code_text')(text)) }}
{%- endmacro %}

{% macro default__code_text(text) -%}
    regexp_replace({{ text }}, '^([0-9]+)[.,]0+$', '\1')
{%- endmacro %}

{% macro spark__code_text(text) -%}
    regexp_replace({{ text }}, '\A([0-9]+)[.,]0+\z', '$1')
{%- endmacro %}

{# The code of a district or agency, from the texts of both codes, its own and the municipality's; restores a lost zero. #}
{% macro code_of_part(code, part_code) -%}
    case
        when length({{ part_code }}) <= 2 and length({{ code }}) <= 4
            then lpad({{ code }}, 4, '0') || lpad({{ part_code }}, 2, '0')
        when length({{ part_code }}) <= 6 then lpad({{ part_code }}, 6, '0')
        when length({{ code }}) in (5, 6) then lpad({{ code }}, 6, '0')
    end
{%- endmacro %}

{# The code of a municipality, from the text of a code; restores a lost leading zero. #}
{% macro code_of_municipality(code) -%}
    case when length({{ code }}) <= 4 then lpad({{ code }}, 4, '0') end
{%- endmacro %}
