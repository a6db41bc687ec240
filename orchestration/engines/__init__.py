"""What computes the models: dbt, and the database engines that it drives.

Belongs here: calling dbt, describing its project, and the engines (``engines.duckdb``; ``engines.spark``, which nothing else
imports). Does not belong here: SQL (``dbt_project``), or what Dagster makes of the results (``defs.models``).
"""
