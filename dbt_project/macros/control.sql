{# A quantile of a column, interpolated between neighbouring values. #}
{% macro quantile_of(expression, share) -%}
    {{ return(adapter.dispatch('quantile_of')(expression, share)) }}
{%- endmacro %}

{% macro default__quantile_of(expression, share) -%}
    quantile_cont({{ expression }}, {{ share }})
{%- endmacro %}

{% macro spark__quantile_of(expression, share) -%}
    percentile({{ expression }}, {{ share }})
{%- endmacro %}

{# A limit of the control, from the parameters. #}
{% macro limit_of(parameter) -%}
    (
        select cast(parameters.value as double)
        from {{ ref('stg_classifications__parameters') }} as parameters
        where parameters.parameter = '{{ parameter }}'
    )
{%- endmacro %}

{# The findings of one model, with all columns that a finding can have; those listed in `without` are null. #}
{% macro findings_of(relation, without) -%}
    {%- set optional = {
        'question': 'string',
        'target_group': 'string',
        'item': 'string',
        'reporting_form': 'string',
        'value': 'decimal(18, 6)',
        'value_compared': 'decimal(18, 6)',
        'previous_period': 'integer',
        'value_before': 'decimal(18, 6)',
        'limit_value': 'decimal(18, 6)',
        'population': 'bigint',
        'effect': 'decimal(18, 6)',
        'detail': 'string',
        'wording': 'string',
        'file': 'string',
        'sheet': 'string',
        'row_number': 'integer',
        'column_number': 'integer',
        'header': 'string',
    } -%}
    select
        survey,
        time_period,
        unit_code,
        finding
        {%- for name, type in optional.items() %},
        {{ 'cast(null as ' ~ type ~ ') as ' ~ name if name in without else name }}
        {%- endfor %}
    from {{ relation }}
{%- endmacro %}


{# The delivered rounds, each with the previous delivered round of the same survey. #}
{% macro rounds_beside_those_before() -%}
    select
        form,
        survey,
        time_period,
        lag(form) over (partition by survey order by time_period) as previous_form,
        lag(time_period) over (partition by survey order by time_period) as previous_period
    from {{ ref('int_survey_rounds') }}
    where is_delivered
{%- endmacro %}
