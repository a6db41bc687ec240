"""Judging deliveries, warehouse and candidate: rules as data, compiled into Great Expectations.

Belongs here: reading the rules and the waivers, running the rules, the verdict and its page, and the proof that rules catch
faults. Does not belong here: any single rule; those are ``expectations/rules/*.yml``.
"""
