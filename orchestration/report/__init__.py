"""Reports: chapters of Markdown whose values are bound to published cells, to Word, PDF, HTML and a workbook.

Belongs here: what an author may say and how it is bound (``vocabulary``), tables and figures declared by query, the four
documents, and reading them back. Does not belong here: any figure that is not in a published snapshot, or prose, titles and
table declarations (``data/reports``).
"""
