{# A relation with unchanged inputs is not built again. For every relation that dbt builds or reads, the table made.relations
   has a hash of its inputs (SQL, descriptions, contents of the relations it reads) and a hash of its content. A relation is
   taken over when both are unchanged; the content of a table and the SQL of a view are hashed again, never assumed. A model that is rebuilt with
   the same rows stops the change: the models that read it are taken over. `--full-refresh` takes nothing over.

   Spark has no such record: every build starts with an empty catalog. #}

{#- Records the content hashes of the sources before anything is built: dbt does not write them. -#}
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
                    ~ content_of(relation, signed_columns(relation)) ~ " as content"
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

{#- The columns of a relation whose zeros have a sign: zero and negative zero are equal, but are written differently. -#}
{% macro signed_columns(relation) %}
    {{ return(run_query(
        "select column_name from duckdb_columns() where database_name = '" ~ relation.database
        ~ "' and schema_name = '" ~ relation.schema ~ "' and table_name = '" ~ relation.identifier
        ~ "' and data_type in ('DOUBLE', 'FLOAT') order by column_index"
    ).columns[0].values() | list) }}
{% endmacro %}

{#- The hash of a relation's columns and rows, in any order of rows; it counts the same as orchestration/core/content_hashes.py.
   The program reads this macro too (orchestration/engines/unchanged_models.py), so it must not run a query. -#}
{% macro content_of(relation, signed) -%}
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
        from (
            select hash(as_a_row{% for name in signed %}, signbit("{{ name }}"){% endfor %}) as hashed
            from {{ relation }} as as_a_row
        )
    )
{%- endmacro %}

{#- The hash of a view: it holds no rows, so what it was made of stands for them, with the SQL that the warehouse has for it,
   which a hand may have changed. The program reads this macro too, so it must not run a query. -#}
{% macro content_of_view(relation, made_of) -%}
    (
        select md5(concat_ws('-', '{{ made_of }}', sql))
        from duckdb_views()
        where database_name = '{{ relation.database }}'
            and schema_name = '{{ relation.schema }}'
            and view_name = '{{ relation.identifier }}'
    )
{%- endmacro %}

{#- The records of a node and of the relations it reads, by name, and DuckDB's version. What has no record is absent. -#}
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

{#- The hash of a node's inputs, with its compiled code; none where an input's content is unknown: then it is built. -#}
{% macro made_of(on_record, code) %}
    {%- set parts = [
        code, config.get('materialized'), dbt_version, on_record['duckdb'].content,
        model.get('description'), model.get('contract'),
    ] -%}
    {%- for column in model.get('columns', {}).values() -%}
        {%- do parts.append([column.get('name'), column.get('data_type'), column.get('description')]) -%}
    {%- endfor -%}
    {%- if model.get('language') == 'python' -%}
        {#- A Python model calls the program, so the hash of the program's code is an input too. -#}
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

{#- Whether a node may be taken over, judged by the records alone. -#}
{% macro is_made_of_the_same(on_record, made_of) %}
    {{ return(
        made_of is not none
        and not flags.FULL_REFRESH
        and on_record.get(model.unique_id, {}).get('made_of') == made_of
    ) }}
{% endmacro %}

{#- Whether a relation's content, by the expression that hashes it, is unchanged since it was built. -#}
{% macro holds(hashed, content) %}
    {{ return(run_query('select ' ~ hashed).rows[0][0] == content) }}
{% endmacro %}

{#- Records a node, with an expression for the hash of its content. -#}
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

{#- Reports to dbt and Dagster that a node was taken over. -#}
{% macro say_taken_over() %}
    {% call noop_statement('main', 'taken over: made of the same') %}{% endcall %}
{% endmacro %}
