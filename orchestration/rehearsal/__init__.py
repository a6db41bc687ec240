"""A made-up delivery of a coming year, from an earlier one, so that the spring of a survey year can be practised and tested.

It is in a separate folder with a copy of the inputs, which are marked: nothing made from it can be taken for a
publication. Belongs here: a year's changes to a delivery, the disorder of a spring, and the answer key. Does not belong
here: reading it as a run does (``ingest``), or what a marked installation may do (``core.rehearsal``).
"""
