"""The Dagster code location of IS-24/8: from raw survey exports to public long-term statistics.

Python here reads files, wires assets, judges and publishes; everything that is said about sets of figures is said in SQL
under ``dbt_project/``. Imports run one way: settings, forms -> ingest -> assets -> definitions -> cli.
"""
