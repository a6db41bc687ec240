"""The form registry: what each delivery looks like and what its columns mean.

Belongs here: the model of ``data/forms``, its loader and checks, and comparing two forms. Does not belong here: reading
deliveries (``ingest``) or any single form.
"""
