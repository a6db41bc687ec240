{# What has unchanged inputs is not made again. The table made.relations has, of every relation that dbt made or reads, the hash
   of what it was made of (SQL, descriptions, contents of what it reads) and the hash of its content. A relation is taken
   over where both are as they were: what a table holds is hashed again, never believed. A model whose rows come out as they
   were stops the change: what reads it is taken over. `--full-refresh` takes nothing over.

   Spark makes every table in a catalog of its own and knows none of this. #}

{#- Of which relations the contents are kept, before anything is made: sources are written by others. -#}
{% macro remember_sources() %}
    {%- if execute and target.type == 'duckdb' -%}
        {%- do run_query('create schema if not exists made') -%}
        {%- do run_query('create table if not exists made.relations (relation varchar, made_of varchar, content varchar)') -%}
        {%- set queries = [] -%}
        {%- for source in graph.sources.values() | sort(attribute='unique_id') -%}
            {%- set relation = adapter.get_relation(source.database, source.schema, source.identifier) -%}
            {%- if relation is not none -%}
                {%- do queries.append(
                    "select '" ~ source.unique_id ~ "' as relation, cast(null as varchar) as made_of, "
                    ~ content_of(relation) ~ " as content"
                ) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do run_query("delete from made.relations where relation like 'source.%'") -%}
        {%- if queries -%}
            {%- do run_query('insert into made.relations ' ~ queries | join(' union all ')) -%}
        {%- endif -%}
        {%- do adapter.commit() -%}
    {%- endif -%}
{% endmacro %}

{#- The hash of a relation's columns and rows, in whatever order they lie; as orchestration/core/content_hashes.py has it. -#}
{% macro content_of(relation) -%}
    (
        select
            md5(concat_ws(
                '-',
                (
                    select string_agg(column_name || ' ' || data_type, ',' order by column_index)
                    from duckdb_columns()
                    where database_name = '{{ relation.database }}'
                        and schema_name = '{{ relation.schema }}'
                        and table_name = '{{ relation.identifier }}'
                ),
                count(*), sum(hashed), bit_xor(hash(hashed)), sum(hash(hashed))
            ))
        from (select hash(as_a_row) as hashed from {{ relation }} as as_a_row)
    )
{%- endmacro %}

{#- What is on record of a node and of all that it reads, and DuckDB's version; none where something that it reads is on no record. -#}
{% macro what_is_on_record() %}
    {%- set names = [model.unique_id] + (model.depends_on.nodes | unique | sort) -%}
    {%- set found = {} -%}
    {%- for row in run_query(
        "select relation, made_of, content from made.relations where relation in ('" ~ names | join("', '") ~ "') "
        ~ "union all select 'duckdb', null, version()"
    ).rows -%}
        {%- do found.update({row[0]: {'made_of': row[1], 'content': row[2]}}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}

{#- The hash of what a node is made of, of which one part is its compiled code; none where that is not known: then it is made in any case. -#}
{% macro made_of(on_record, code) %}
    {%- set parts = [
        code, config.get('materialized'), dbt_version, on_record['duckdb'].content,
        model.get('description'), model.get('contract'),
    ] -%}
    {%- for column in model.get('columns', {}).values() -%}
        {%- do parts.append([column.get('name'), column.get('data_type'), column.get('description')]) -%}
    {%- endfor -%}
    {%- if model.get('language') == 'python' -%}
        {#- What such a model calls is the program's, which tells its hash. -#}
        {%- do parts.append(env_var('IS248_CODE', invocation_id)) -%}
    {%- endif -%}
    {%- set unknown = [] -%}
    {%- for name in model.depends_on.nodes | unique | sort -%}
        {%- set content = on_record.get(name, {}).get('content') -%}
        {%- do parts.append([name, content]) -%}
        {%- if not content -%}
            {%- do unknown.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(none if unknown else local_md5(tojson(parts))) }}
{% endmacro %}

{#- Whether a node may be taken over, by the records alone. -#}
{% macro is_made_of_the_same(on_record, made_of) %}
    {{ return(
        made_of is not none
        and not flags.FULL_REFRESH
        and on_record.get(model.unique_id, {}).get('made_of') == made_of
    ) }}
{% endmacro %}

{#- Whether a table still holds what it held when it was made. -#}
{% macro holds(relation, content) %}
    {{ return(run_query('select ' ~ content_of(relation)).rows[0][0] == content) }}
{% endmacro %}

{#- The statements that put a node on record, with an expression for its content. -#}
{% macro put_on_record(made_of, content) %}
    {%- do forget() -%}
    {%- do run_query(
        "insert into made.relations select '" ~ model.unique_id ~ "', "
        ~ ("'" ~ made_of ~ "'" if made_of is not none else 'null') ~ ', ' ~ content
    ) -%}
{% endmacro %}

{% macro forget() %}
    {%- do run_query("delete from made.relations where relation = '" ~ model.unique_id ~ "'") -%}
{% endmacro %}

{#- How dbt and Dagster say that a node was taken over. -#}
{% macro say_taken_over() %}
    {% call noop_statement('main', 'taken over: made of the same') %}{% endcall %}
{% endmacro %}
