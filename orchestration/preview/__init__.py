"""A look at one survey year, in seconds: what was delivered, what its form makes of it, and what is still to be decided.

Belongs here: reading a year and the round before into a warehouse of their own, and telling what came of it; all of it is
restricted. Does not belong here: judging (``gate``), questions to units (``control``), or anything that is published.
"""
