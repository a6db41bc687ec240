"""Dagster assets: wiring only.

Belongs here: what is an asset, what it waits for and what metadata it shows. The work itself is done by ``ingest``, ``dbt``,
``gate`` and ``publish``, which know nothing of Dagster.
"""
