"""Judging a candidate: rules as data, compiled into Great Expectations, run on the exact files.

Belongs here: reading the rules, running them, and the verdict. Does not belong here: any single rule; those are
``expectations/rules/*.yml``.
"""
