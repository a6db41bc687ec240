"""Reports: chapters of Markdown whose values are bound to published cells, to Word, PDF, HTML and a workbook.

Belongs here: the words that authors may use and how they are bound (``vocabulary``), declared tables and figures, the four
documents, and reading them back. Does not belong here: any figure that is not in a published snapshot, or prose, titles and
table declarations (``data/reports``).
"""
