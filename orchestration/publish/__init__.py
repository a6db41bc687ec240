"""From tables to snapshots: the candidate, its files, and the promotion.

Belongs here: what is written, under which name, and how it becomes public. Does not belong here: how a figure is computed
(dbt) or judged (gate). Nothing here knows a survey year.
"""
