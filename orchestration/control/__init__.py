"""The control of a survey year: what single units are asked about, as lists for caseworkers, and their answers.

Belongs here: the texts of the findings, ranking them, the lists as files, and reading answered lists back. Does not belong
here: the rules that find something (SQL, ``dbt_project/models/control``) and their limits (``data/classifications``), and
what becomes of corrections (SQL). All of it is restricted: nothing here may be written where snapshots are.
"""
