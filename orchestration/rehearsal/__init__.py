"""A made-up delivery of a coming year, from an earlier one, so that the spring of a survey year can be practised and tested.

It lies in a folder of its own with a copy of the inputs, which are marked: nothing of it can be taken for a publication.
Belongs here: what a year does to a delivery, the untidiness of a spring, and the key of what was done. Does not belong here:
reading it as a run does (``ingest``), or what a marked installation may do (``core.rehearsal``).
"""
