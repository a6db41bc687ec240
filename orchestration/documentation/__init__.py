"""Pages of the documentation that are generated from the project's own data: public tables, code lists, forms, changes.

Belongs here: their Markdown, the navigation, and calling the program that builds the site. Does not belong here: pages that
people write (``docs``), the pages of a snapshot (``site``), or an import of MkDocs, which calls this package from
``docs/site/hook.py``.
"""
