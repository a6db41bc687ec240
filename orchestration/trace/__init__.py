"""Following figures back to their deliveries: where delivered cells went, and which of them are behind a figure.

Belongs here: reading the built warehouse for those who run the system; what it shows of single units is restricted. Does not
belong here: making a figure (dbt) or judging it (``gate``).
"""
