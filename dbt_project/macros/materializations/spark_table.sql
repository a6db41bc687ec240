{#- A table on Spark is Parquet in the folder of the build. It never replaces one: a build starts with an empty catalog. -#}
{% materialization table, adapter='spark', supported_languages=['sql'] %}
    {%- set target = this.incorporate(type='table') -%}

    {% call statement('main') %}
        create table {{ target }} using parquet as
        {{ compiled_code }}
    {% endcall %}

    {{ return({'relations': [target]}) }}
{% endmaterialization %}
