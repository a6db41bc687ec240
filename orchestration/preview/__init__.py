"""A preview of one survey year, in seconds: what was delivered, how its form reads it, and what is still to be decided.

Belongs here: reading a year and the round before into a separate warehouse, and reporting the result; all of it is
restricted. Does not belong here: judging (``gate``), questions to units (``control``), or anything that is published.
"""
