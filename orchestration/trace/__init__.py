"""Tracing figures back to deliveries: the fates of delivered cells, and the cells behind a figure.

Belongs here: reading the built warehouse for those who run the system; what it shows of single units is restricted. Does not
belong here: making a figure (dbt) or judging it (``gate``).
"""
