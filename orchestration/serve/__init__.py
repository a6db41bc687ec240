"""The published snapshot over HTTP: tables with filters, and guarded SQL. Optional, read-only, on this computer by default.

Belongs here: turning a request into a query of one snapshot, and rows into an answer. Does not belong here: making figures
(dbt) or snapshots (``publish``), users and encryption (a web server in front of it).
"""
