{#- A data test that found nothing is not run again while its inputs are unchanged (taken_over.sql); one that found rows is.
    Failing rows are not stored: the gate shows them. -#}
{% materialization test, adapter='duckdb' %}
    {%- set on_record = what_is_on_record() -%}
    {%- set made_of = made_of(on_record, sql) -%}

    {% if is_made_of_the_same(on_record, made_of) %}
        {% call statement('main', fetch_result=True) %}
            select 0 as failures, false as should_warn, false as should_error
        {% endcall %}
    {% else %}
        {% call statement('main', fetch_result=True) %}
            {{ get_test_sql(sql, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), config.get('limit')) }}
        {% endcall %}
        {% if load_result('main')['data'][0][0] | int == 0 %}
            {% do put_on_record(made_of, "'nothing'") %}
        {% else %}
            {% do forget() %}
        {% endif %}
        {{ adapter.commit() }}
    {% endif %}

    {{ return({'relations': []}) }}
{% endmaterialization %}
