{# True when the indicator's series breaks between a row and the previous row of the same unit and category. A row without
   a previous row has a break only if there is one in its own year. Rows need time_period and previous_period. #}
{% macro has_break(indicator, rows, breaks='stg_classifications__series_breaks') -%}
    exists (
        select 1
        from {{ ref(breaks) }} as breaks
        where
            breaks.indicator = {{ indicator }}
            -- A series that begins, ends or was not delivered does not break.
            and breaks.kind not in ('new', 'dropped', 'not_delivered')
            and breaks.time_period <= {{ rows }}.time_period
            and breaks.time_period > coalesce({{ rows }}.previous_period, {{ rows }}.time_period - 1)
    )
{%- endmacro %}

{# Whether the boundaries of a row's area moved since its previous row; today's areas have the same boundaries every year. #}
{% macro has_moved(rows) -%}
    (
        {{ rows }}.area_basis = 'reported'
        and exists (
            select 1
            from {{ ref('int_area_breaks') }} as moved
            where
                moved.unit_level = {{ rows }}.unit_level
                and moved.unit_code = {{ rows }}.unit_code
                and moved.time_period <= {{ rows }}.time_period
                and moved.time_period > coalesce({{ rows }}.previous_period, {{ rows }}.time_period)
        )
    )
{%- endmacro %}

{# Whether a municipality's coverage is so low that its figure would be that of a part. Larger areas publish the coverage
   with the figure. #}
{% macro is_incomplete(coverages) -%}
    coalesce(grid.unit_level = 'municipality' and {{ coverages }}.coverage < {{ limit_of('municipality_coverage') }}, false)
{%- endmacro %}

{# The status that follows from a reason for absence: its parent in the code list absence_reason. #}
{% macro absence_status(reason) -%}
    (
        select codes.parent
        from {{ ref('stg_classifications__codelists') }} as codes
        where codes.codelist = 'absence_reason' and codes.code = {{ reason }}
    )
{%- endmacro %}

{# True when a row rests on a constructed delivery of the survey, or of any survey where none is named. `column` says whether
   the period is the year described or the year of collection. #}
{% macro is_constructed(period, survey=none, column='time_period') -%}
    exists (
        select 1
        from {{ ref('int_constructed_rounds') }} as constructed
        where
            constructed.{{ column }} = {{ period }}
    {%- if survey is not none %}
            and constructed.survey = {{ survey }}
    {%- endif %}
    )
{%- endmacro %}

{# The public status of a row: a normal value is provisional while its round is. Any other status is kept. Arguments as for
   is_constructed. #}
{% macro public_status(period, survey=none, column='time_period') -%}
    case
        when observations.obs_status = 'A' and exists (
            select 1
            from {{ ref('int_provisional_rounds') }} as provisional
            where
                provisional.{{ column }} = {{ period }}
    {%- if survey is not none %}
                and provisional.survey = {{ survey }}
    {%- endif %}
        ) then 'P'
        else observations.obs_status
    end
{%- endmacro %}

{# The coded note with the year of the oldest value in a figure that was carried forward more than one year. The model
   int_codelists has its label. #}
{% macro note_of_origin(period) -%}
    'carried_from_' || cast({{ period }} as string)
{%- endmacro %}

{# The coded notes of a row, sorted by code and joined by semicolons; null where there are none. `first` is an expression for
   a note to put first, null where it does not apply. #}
{% macro notes(conditions, first=none) -%}
    nullif(
        concat_ws(
            ';'
    {%- if first is not none %},
            {{ first }}
    {%- endif %}
    {%- for code in conditions | sort %},
            case when {{ conditions[code] }} then '{{ code }}' end
    {%- endfor %}
        ),
        ''
    )
{%- endmacro %}
