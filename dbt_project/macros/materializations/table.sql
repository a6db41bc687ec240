{#- A table is replaced by one statement: the old contents stay until the commit, and a killed build leaves nothing to clean
    up. dbt-duckdb's own way (another name, two renames, a drop) takes four statements per model and looks for indexes,
    grants and foreign keys, which this project does not have. A contract is checked before the table is built. A table with
    unchanged inputs is taken over (taken_over.sql). -#}
{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set on_record = what_is_on_record() -%}
    {%- set made_of = made_of(on_record, compiled_code) -%}

    {% if existing is not none and existing.is_table and is_made_of_the_same(on_record, made_of)
        and holds(content_of(target, signed_columns(target)), on_record[model.unique_id].content) %}
        {{ say_taken_over() }}
        {{ adapter.commit() }}
        {{ return({'relations': [target]}) }}
    {% endif %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing is not none and (model['language'] == 'python' or not existing.is_table) %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% if model['language'] == 'python' %}
        {#- A Python model is built in a transaction of its own, so its old record is deleted first. -#}
        {% do forget() %}
        {% do adapter.commit() %}
        {% call statement('main', language='python') %}
            {{- create_table_as(False, target, compiled_code, 'python') }}
        {% endcall %}
    {% else %}
        {% if config.get('contract').enforced %}
            {{ get_assert_columns_equivalent(compiled_code) }}
        {% endif %}
        {% call statement('main') %}
            create or replace table {{ target }} as (
                {{ compiled_code }}
            )
        {% endcall %}
    {% endif %}
    {% do put_on_record(made_of, content_of(target, signed_columns(target))) %}

    {% do persist_docs(target, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
