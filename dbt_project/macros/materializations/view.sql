{#- A view is replaced by one statement, and taken over like a table (taken_over.sql). -#}
{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set on_record = what_is_on_record() -%}
    {%- set made_of = made_of(on_record, compiled_code) -%}

    {% if existing is not none and existing.is_view and is_made_of_the_same(on_record, made_of)
        and holds(content_of_view(target, made_of), on_record[model.unique_id].content) %}
        {{ say_taken_over() }}
        {{ adapter.commit() }}
        {{ return({'relations': [target]}) }}
    {% endif %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if existing is not none and not existing.is_view %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% if config.get('contract').enforced %}
        {{ get_assert_columns_equivalent(compiled_code) }}
    {% endif %}
    {% call statement('main') %}
        create or replace view {{ target }} as (
            {{ compiled_code }}
        )
    {% endcall %}
    {% do put_on_record(made_of, content_of_view(target, made_of) if made_of is not none else 'null') %}

    {% do persist_docs(target, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
