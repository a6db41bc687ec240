"""The published snapshot over HTTP: tables with filters, and guarded SQL. Optional, read-only, on this computer by default.

Belongs here: turning a request into a question to one snapshot, and rows into an answer. Does not belong here: how figures
come about (dbt), what a snapshot is (``publish``), users and encryption (a web server in front of it).
"""
