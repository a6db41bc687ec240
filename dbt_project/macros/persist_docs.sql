{# Writes the descriptions of a relation and of its columns as comments, in one statement list: dbt's own way asks first which
   columns there are, which costs more than the comments. That columns and descriptions agree is tested. #}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments = [] -%}
    {%- if for_relation and config.persist_relation_docs() and model.description -%}
        {%- do comments.append(
            'comment on ' ~ relation.type ~ ' ' ~ relation ~ ' is ' ~ duckdb_escape_comment(model.description)
        ) -%}
    {%- endif -%}
    {%- if for_columns and config.persist_column_docs() -%}
        {%- for column in model.columns.values() if column.description -%}
            {%- do comments.append(
                'comment on column ' ~ relation ~ '.' ~ adapter.quote(column.name) ~ ' is '
                ~ duckdb_escape_comment(column.description)
            ) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if comments -%}
        {%- do run_query(comments | join(';\n')) -%}
    {%- endif -%}
{%- endmacro %}
